#include "orchestrator/api/http_server.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "orchestrator/api/connection_book.h"
#include "orchestrator/api/event_stream.h"
#include "orchestrator/api/http_tls.h"
#include "orchestrator/api/pending_reply.h"
#include "orchestrator/api/problem.h"

namespace reachproof::orchestrator::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Parser = http::request_parser<http::string_body>;

constexpr std::size_t kReadAheadBytes = 4096;
/// What is read and thrown away of a refused request, so that its sender sees the answer.
constexpr std::size_t kLingerBytesMax = 256U << 10U;
constexpr std::chrono::milliseconds kLinger{1'000};
constexpr std::chrono::milliseconds kAcceptPause{100};

core::IpAddress address_of(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  if (address.is_v4()) return core::IpAddress::v4(address.to_v4().to_bytes().data());
  return core::IpAddress::v6(address.to_v6().to_bytes().data()).unmapped();
}

Request request_of(http::request<http::string_body>&& message, const core::IpAddress& peer) {
  Request request{.method = std::string(message.method_string()), .peer = peer};
  const std::string_view target(message.target().data(), message.target().size());
  const auto mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    auto& value = request.headers[name];
    if (!value.empty()) value += ", ";
    value += std::string_view(field.value().data(), field.value().size());
  }
  request.body = std::move(message.body());
  return request;
}

/// What a request that could not be read is answered; 0: nothing.
int status_of(const error_code& failed) {
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow) return 431;
  if (failed == http::error::body_limit) return 413;
  if (failed == http::error::end_of_stream || failed == http::error::partial_message) return 0;
  return failed.category() == make_error_code(http::error::bad_method).category() ? 400 : 0;
}

std::string_view detail_of(int status) {
  if (status == 431) return "the request's headers are too large";
  if (status == 413) return "the request's body is too large";
  return "this is not a request in HTTP/1.1";
}

}  // namespace

struct HttpServer::Core : std::enable_shared_from_this<Core> {
  using Place = ConnectionBook::Place;

  Core(asio::io_context& io, Options what, Handler handle)
      : loop(io),
        acceptor(io),
        drain(io),
        options(std::move(what)),
        handler(std::move(handle)),
        connections(options.limits.connections_max, options.limits.connections_per_address_max) {}

  Result<void> open();
  asio::awaitable<void> accept();
  void admit(tcp::socket socket);
  template <class Stream>
  void start(std::shared_ptr<Stream> stream, Place place);
  template <class Stream>
  asio::awaitable<void> converse(std::shared_ptr<Stream> stream, Place place);
  template <class Stream>
  asio::awaitable<bool> exchange(Stream& stream, beast::flat_buffer& buffer, Place place);
  template <class Stream>
  asio::awaitable<bool> answer(Stream& stream, Response response, Place place, unsigned version,
                               bool head, bool keep_alive);
  template <class Stream>
  asio::awaitable<void> pour(Stream& stream, Response response, Place place, unsigned version);
  template <class Stream>
  asio::awaitable<void> refuse(Stream& stream, beast::flat_buffer& buffer, Place place, int status);
  void leave(Place place);
  void note(const error_code& failed) {
    if (failed == beast::error::timeout) ++counters.cut;
  }

  asio::io_context& loop;
  tcp::acceptor acceptor;
  asio::steady_timer drain;
  Options options;
  Handler handler;
  std::shared_ptr<asio::ssl::context> tls;
  ConnectionBook connections;
  Counters counters;
  bool stopping = false;
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
    asio::steady_timer pause(loop, kAcceptPause);
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
  }
}

void HttpServer::Core::admit(tcp::socket socket) {
  error_code failed;
  const auto remote = socket.remote_endpoint(failed);
  if (failed) return;
  const auto place = connections.admit(address_of(remote));
  if (!place) {
    ++counters.refused;
    return;
  }
  ++counters.accepted;
  socket.set_option(tcp::no_delay(true), failed);
  beast::tcp_stream stream(std::move(socket));
  if (tls) {
    start(std::make_shared<beast::ssl_stream<beast::tcp_stream>>(std::move(stream), *tls), *place);
  } else {
    start(std::make_shared<beast::tcp_stream>(std::move(stream)), *place);
  }
}

template <class Stream>
void HttpServer::Core::start(std::shared_ptr<Stream> stream, Place place) {
  place->cut = [weak = std::weak_ptr<Stream>(stream)] {
    if (const auto here = weak.lock()) beast::get_lowest_layer(*here).close();
  };
  // The context outlives the connections that were made with it.
  asio::co_spawn(loop, converse(std::move(stream), place),
                 [self = shared_from_this(), place, context = tls](const std::exception_ptr&) {
                   self->leave(place);
                 });
}

void HttpServer::Core::leave(Place place) {
  connections.leave(place);
  if (!stopping || connections.size() > 0) return;
  drain.cancel();
  if (const auto done = std::exchange(stopped, {})) done();
}

template <class Stream>
asio::awaitable<void> HttpServer::Core::converse(std::shared_ptr<Stream> stream, Place place) {
  const auto self = shared_from_this();
  auto& socket = beast::get_lowest_layer(*stream);
  error_code failed;
  if constexpr (!std::is_same_v<Stream, beast::tcp_stream>) {
    socket.expires_after(options.limits.handshake);
    co_await stream->async_handshake(asio::ssl::stream_base::server,
                                     asio::redirect_error(asio::use_awaitable, failed));
    note(failed);
    if (failed) co_return;
  }
  beast::flat_buffer buffer(options.limits.header_bytes_max + 2 * kReadAheadBytes);
  bool more = true;
  while (more && !stopping) {
    place->busy = false;
    if (buffer.size() == 0) {
      socket.expires_after(options.limits.idle);
      const auto room = buffer.prepare(kReadAheadBytes);
      const auto got =
          co_await stream->async_read_some(room, asio::redirect_error(asio::use_awaitable, failed));
      note(failed);
      if (failed) co_return;
      buffer.commit(got);
    }
    place->busy = true;
    more = co_await exchange(*stream, buffer, place);
  }
  if constexpr (!std::is_same_v<Stream, beast::tcp_stream>) {
    if (!socket.socket().is_open()) co_return;
    socket.expires_after(kLinger);
    co_await stream->async_shutdown(asio::redirect_error(asio::use_awaitable, failed));
  }
  error_code ignored;
  socket.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

/// One request and its answer. True where another may follow.
template <class Stream>
asio::awaitable<bool> HttpServer::Core::exchange(Stream& stream, beast::flat_buffer& buffer,
                                                 Place place) {
  auto& socket = beast::get_lowest_layer(stream);
  error_code failed;
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(options.limits.header_bytes_max));
  parser.body_limit(options.limits.body_bytes_max);
  socket.expires_after(options.limits.header);
  co_await http::async_read_header(stream, buffer, parser,
                                   asio::redirect_error(asio::use_awaitable, failed));
  if (!failed) {
    socket.expires_after(options.limits.body);
    const auto expect = parser.get()[http::field::expect];
    if (!parser.is_done() && beast::iequals(expect, "100-continue")) {
      const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      const auto bytes = asio::buffer(go_on.data(), go_on.size());
      co_await asio::async_write(stream, bytes, asio::redirect_error(asio::use_awaitable, failed));
    }
  }
  if (!failed) {
    co_await http::async_read(stream, buffer, parser,
                              asio::redirect_error(asio::use_awaitable, failed));
  }
  note(failed);
  int status = failed ? status_of(failed) : 0;
  if (failed && status == 0) co_return false;
  if (!failed && (parser.get().target().empty() || parser.get().target().front() != '/')) {
    status = 400;
  }
  if (status != 0) {
    co_await refuse(stream, buffer, place, status);
    co_return false;
  }
  const bool head = parser.get().method() == http::verb::head;
  const bool keep_alive = parser.get().keep_alive();
  const unsigned version = parser.get().version();
  auto request = request_of(parser.release(), place->peer);
  // The handler's time is not the client's: nothing is cut while it is at work.
  socket.expires_never();
  auto response = co_await ask(loop, handler, std::move(request), options.limits.handling);
  const bool more = co_await answer(stream, std::move(response), place, version, head, keep_alive);
  co_return more;
}

template <class Stream>
asio::awaitable<bool> HttpServer::Core::answer(Stream& stream, Response response, Place place,
                                               unsigned version, bool head, bool keep_alive) {
  if (response.stream && !head) {
    co_await pour(stream, std::move(response), place, version);
    co_return false;
  }
  if (response.stream) response.stream->close();
  const bool more = keep_alive && !stopping;
  http::response<http::string_body> message;
  message.version(version);
  message.result(static_cast<unsigned>(response.status));
  message.reason(beast::string_view(reason_phrase(response.status)));
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.keep_alive(more);
  if (response.status != 204) message.content_length(response.body.size());
  if (!head) message.body() = std::move(response.body);
  http::response_serializer<http::string_body> serializer(message);
  auto& socket = beast::get_lowest_layer(stream);
  socket.expires_after(options.limits.writing);
  error_code failed;
  if (head) {
    co_await http::async_write_header(stream, serializer,
                                      asio::redirect_error(asio::use_awaitable, failed));
  } else {
    co_await http::async_write(stream, serializer,
                               asio::redirect_error(asio::use_awaitable, failed));
  }
  note(failed);
  co_return more && !failed;
}

/// Carries a stream of events until it is closed, from either end.
template <class Stream>
asio::awaitable<void> HttpServer::Core::pour(Stream& stream, Response response, Place place,
                                             unsigned version) {
  const auto events = response.stream;
  place->stream = events;
  const auto timer = std::make_shared<asio::steady_timer>(loop);
  events->when_ready([timer] { timer->cancel(); });
  http::response<http::empty_body> message;
  message.version(version);
  message.result(http::status::ok);
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.keep_alive(false);
  const bool chunked = version >= 11;
  message.chunked(chunked);
  http::response_serializer<http::empty_body> serializer(message);
  auto& socket = beast::get_lowest_layer(stream);
  socket.expires_after(options.limits.writing);
  error_code failed;
  co_await http::async_write_header(stream, serializer,
                                    asio::redirect_error(asio::use_awaitable, failed));
  while (!failed) {
    std::string text = events->take();
    if (text.empty() && events->closed()) break;
    if (text.empty()) {
      socket.expires_never();
      timer->expires_after(options.limits.heartbeat);
      error_code woken;
      co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, woken));
      if (!woken) events->beat();
      continue;
    }
    if (chunked) text = fmt::format("{:x}\r\n{}\r\n", text.size(), text);
    socket.expires_after(options.limits.writing);
    const auto bytes = asio::buffer(text);
    co_await asio::async_write(stream, bytes, asio::redirect_error(asio::use_awaitable, failed));
  }
  note(failed);
  events->when_ready({});
  events->close();
  if (failed || !chunked) co_return;
  const std::string_view last = "0\r\n\r\n";
  const auto bytes = asio::buffer(last.data(), last.size());
  co_await asio::async_write(stream, bytes, asio::redirect_error(asio::use_awaitable, failed));
}

/// Answers a request that could not be read, and lets its sender see the answer before the end.
template <class Stream>
asio::awaitable<void> HttpServer::Core::refuse(Stream& stream, beast::flat_buffer& buffer,
                                               Place place, int status) {
  auto response = problem_response({.status = status, .detail = std::string(detail_of(status))});
  (void)co_await answer(stream, std::move(response), place, 11, false, false);
  auto& socket = beast::get_lowest_layer(stream);
  error_code failed;
  if constexpr (std::is_same_v<Stream, beast::tcp_stream>) {
    socket.socket().shutdown(tcp::socket::shutdown_send, failed);
  }
  socket.expires_after(kLinger);
  buffer.clear();
  for (std::size_t read = 0; !failed && read < kLingerBytesMax;) {
    const auto room = buffer.prepare(kReadAheadBytes);
    read +=
        co_await stream.async_read_some(room, asio::redirect_error(asio::use_awaitable, failed));
  }
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
  core_->stopping = true;
  error_code ignored;
  core_->acceptor.close(ignored);
  core_->drain.cancel();
  core_->handler = [](const Request&, const Reply&) {};
  core_->connections.close_streams();
  core_->connections.cut_all();
}

core::Port HttpServer::port() const {
  error_code ignored;
  return core_->acceptor.local_endpoint(ignored).port();
}

HttpServer::Counters HttpServer::counters() const {
  auto counters = core_->counters;
  counters.open = core_->connections.size();
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
  core_->stopping = true;
  core_->stopped = std::move(done);
  error_code ignored;
  core_->acceptor.close(ignored);
  core_->connections.close_streams();
  core_->connections.cut_idle();
  core_->drain.expires_after(deadline);
  core_->drain.async_wait([core = core_](const error_code& failed) {
    if (!failed) core->connections.cut_all();
  });
  if (core_->connections.size() > 0) return;
  asio::post(core_->loop, [core = core_] {
    core->drain.cancel();
    if (const auto finished = std::exchange(core->stopped, {})) finished();
  });
}

}  // namespace reachproof::orchestrator::api
