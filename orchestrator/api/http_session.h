#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>

#include "orchestrator/api/connection_book.h"
#include "orchestrator/api/http_server.h"

/// One client's connection, from its first byte to its last. Internal to the server; Beast is
/// known to http_session.cc alone.
namespace reachproof::orchestrator::api {

/// What the sessions of a server share.
struct ServerState {
  ServerState(boost::asio::io_context& io, const HttpLimits& bounds, Handler answer)
      : loop(io),
        limits(bounds),
        handler(std::move(answer)),
        connections(bounds.connections_max, bounds.connections_per_address_max) {}

  boost::asio::io_context& loop;
  HttpLimits limits;
  Handler handler;
  ConnectionBook connections;
  HttpServer::Counters counters;
  bool stopping = false;  ///< no request is read any more
};

/// Talks with the client until either is done; `ended` is called then. Over TLS where there is a
/// context.
void start_session(std::shared_ptr<ServerState> state, boost::asio::ip::tcp::socket socket,
                   std::shared_ptr<boost::asio::ssl::context> tls, ConnectionBook::Place place,
                   std::function<void()> ended);

}  // namespace reachproof::orchestrator::api
