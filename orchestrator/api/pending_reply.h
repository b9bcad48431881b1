#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>

#include "orchestrator/api/http_message.h"

namespace reachproof::orchestrator::api {

/// Hands a request to the handler and waits for its answer; 503 where none comes in time, or the
/// handler let go of the reply without one. Internal to the server.
[[nodiscard]] boost::asio::awaitable<Response> ask(boost::asio::io_context& loop,
                                                   const Handler& handler, Request request,
                                                   std::chrono::milliseconds time_max);

}  // namespace reachproof::orchestrator::api
