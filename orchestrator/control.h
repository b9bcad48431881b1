#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "core/error.h"

namespace reachproof::orchestrator {

/// The service's control socket: a Unix socket of mode 0600 in its state folder, so that only its
/// own user and root may ask. One line of JSON in, one out, then it is closed.
class ControlSocket {
 public:
  using Reply = std::function<void(std::string line)>;
  using Handler = std::function<void(std::string line, Reply reply)>;
  static Result<std::unique_ptr<ControlSocket>> open(boost::asio::io_context& loop,
                                                     const std::string& path, Handler handler);
  virtual ~ControlSocket() = default;
};

/// Asks a service: one line out, one in. Unavailable where none is running there.
[[nodiscard]] Result<std::string> ask_control(const std::string& path, const std::string& line);

}  // namespace reachproof::orchestrator
