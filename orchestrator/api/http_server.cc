#include "orchestrator/api/http_server.h"

#include <fmt/core.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "orchestrator/api/http_session.h"
#include "orchestrator/api/http_tls.h"

namespace reachproof::orchestrator::api {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{100};

core::IpAddress address_of(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  if (address.is_v4()) return core::IpAddress::v4(address.to_v4().to_bytes().data());
  return core::IpAddress::v6(address.to_v6().to_bytes().data()).unmapped();
}

}  // namespace

struct HttpServer::Core : std::enable_shared_from_this<Core> {
  Core(asio::io_context& loop, Options what, Handler handler)
      : acceptor(loop),
        drain(loop),
        options(std::move(what)),
        state(std::make_shared<ServerState>(loop, options.limits, std::move(handler))) {}

  Result<void> open();
  asio::awaitable<void> accept();
  void admit(tcp::socket socket);
  void leave(ConnectionBook::Place place);

  tcp::acceptor acceptor;
  asio::steady_timer drain;
  Options options;
  std::shared_ptr<ServerState> state;
  std::shared_ptr<asio::ssl::context> tls;
  std::function<void()> stopped;
};

Result<void> HttpServer::Core::open() {
  error_code failed;
  const auto address = asio::ip::make_address(options.address, failed);
  if (failed) {
    return fail(ErrorCode::Config, fmt::format("`{}` is not an IP address", options.address));
  }
  if (!options.certificate_file.empty()) {
    auto context = tls_context({options.certificate_file, options.key_file});
    if (!context) return fail(std::move(context), "TLS of the API");
    tls = std::move(*context);
  } else if (!address.is_loopback()) {
    return fail(ErrorCode::Config,
                fmt::format("the API listens on {} only with TLS; give a certificate and its key, "
                            "or listen on 127.0.0.1",
                            options.address));
  }
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), failed);
  if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor.bind(endpoint, failed);
  if (!failed) acceptor.listen(128, failed);
  if (failed) {
    return fail(ErrorCode::Io, fmt::format("the API cannot listen on {} port {}: {}",
                                           options.address, options.port, failed.message()));
  }
  return {};
}

asio::awaitable<void> HttpServer::Core::accept() {
  const auto self = shared_from_this();
  while (acceptor.is_open()) {
    error_code failed;
    auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed));
    if (!failed) {
      admit(std::move(socket));
      continue;
    }
    if (failed == asio::error::operation_aborted) co_return;
    // Out of descriptors, most likely: those that are open must get a chance to close.
    asio::steady_timer pause(state->loop, kAcceptPause);
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
  }
}

void HttpServer::Core::admit(tcp::socket socket) {
  error_code failed;
  const auto remote = socket.remote_endpoint(failed);
  if (failed) return;
  const auto place = state->connections.admit(address_of(remote));
  if (!place) {
    ++state->counters.refused;
    return;
  }
  ++state->counters.accepted;
  socket.set_option(tcp::no_delay(true), failed);
  start_session(state, std::move(socket), tls, *place,
                [self = shared_from_this(), place = *place] { self->leave(place); });
}

void HttpServer::Core::leave(ConnectionBook::Place place) {
  state->connections.leave(place);
  if (!state->stopping || state->connections.size() > 0) return;
  drain.cancel();
  if (const auto done = std::exchange(stopped, {})) done();
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(asio::io_context& loop, Options options,
                                                       Handler handler) {
  auto core = std::make_shared<Core>(loop, std::move(options), std::move(handler));
  if (auto opened = core->open(); !opened) return tl::unexpected(opened.error());
  asio::co_spawn(loop, core->accept(), [](const std::exception_ptr&) {});
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(core)));
}

HttpServer::~HttpServer() {
  core_->stopped = {};
  core_->state->stopping = true;
  error_code ignored;
  core_->acceptor.close(ignored);
  core_->drain.cancel();
  core_->state->handler = [](const Request&, const Reply&) {};
  core_->state->connections.close_streams();
  core_->state->connections.cut_all();
}

core::Port HttpServer::port() const {
  error_code ignored;
  return core_->acceptor.local_endpoint(ignored).port();
}

HttpServer::Counters HttpServer::counters() const {
  auto counters = core_->state->counters;
  counters.open = core_->state->connections.size();
  return counters;
}

Result<void> HttpServer::reload_certificate() {
  if (!core_->tls) return {};
  auto fresh = tls_context({core_->options.certificate_file, core_->options.key_file});
  if (!fresh) return fail(std::move(fresh), "the certificate stays as it was");
  core_->tls = std::move(*fresh);
  return {};
}

void HttpServer::stop(std::chrono::milliseconds deadline, std::function<void()> done) {
  core_->state->stopping = true;
  core_->stopped = std::move(done);
  error_code ignored;
  core_->acceptor.close(ignored);
  core_->state->connections.close_streams();
  core_->state->connections.cut_idle();
  core_->drain.expires_after(deadline);
  core_->drain.async_wait([core = core_](const error_code& failed) {
    if (!failed) core->state->connections.cut_all();
  });
  if (core_->state->connections.size() > 0) return;
  asio::post(core_->state->loop, [core = core_] {
    core->drain.cancel();
    if (const auto finished = std::exchange(core->stopped, {})) finished();
  });
}

}  // namespace reachproof::orchestrator::api
