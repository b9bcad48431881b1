#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/inventory.h"
#include "orchestrator/probe_channel.h"

namespace reachproof::orchestrator {

/// The command that becomes a probe for this launch. `probe_path` is the probe on this machine.
[[nodiscard]] std::vector<std::string> launch_command(const core::Launch& launch,
                                                      const std::string& probe_path);

/// Starts a probe as a child process and speaks with it over its standard streams.
///
/// The child has its own process group, so that Ctrl-C at the terminal reaches the orchestrator
/// alone; it ends when its standard input closes, so none is left behind whatever happens to us.
/// Boost.Process is known to probe_process.cc alone.
[[nodiscard]] Result<std::unique_ptr<ProbeChannel>> start_probe(
    boost::asio::io_context& loop, const std::vector<std::string>& command,
    ProbeChannel::Events events);

}  // namespace reachproof::orchestrator
