#include "orchestrator/api/http_session.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "orchestrator/api/event_stream.h"
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
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

constexpr std::size_t kReadAheadBytes = 4096;
/// What is read and thrown away of a refused request, so that its sender sees the answer.
constexpr std::size_t kLingerBytesMax = 256U << 10U;
constexpr std::chrono::milliseconds kLinger{1'000};

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

/// The conversation, over either kind of stream. Owns itself until it ends.
template <class Stream>
class Session : public std::enable_shared_from_this<Session<Stream>> {
 public:
  Session(std::shared_ptr<ServerState> state, std::unique_ptr<Stream> stream,
          ConnectionBook::Place place)
      : state_(std::move(state)),
        stream_(std::move(stream)),
        place_(place),
        buffer_(state_->limits.header_bytes_max + 2 * kReadAheadBytes) {}

  asio::awaitable<void> converse();
  void cut() { socket().close(); }

 private:
  asio::awaitable<bool> exchange();
  asio::awaitable<bool> answer(Response response, unsigned version, bool head, bool keep_alive);
  asio::awaitable<void> pour(Response response, unsigned version);
  asio::awaitable<void> refuse(int status);
  void watch(std::shared_ptr<EventStream> events);
  beast::tcp_stream& socket() { return beast::get_lowest_layer(*stream_); }
  void note(const error_code& failed) {
    if (failed == beast::error::timeout) ++state_->counters.cut;
  }

  std::shared_ptr<ServerState> state_;
  std::unique_ptr<Stream> stream_;
  ConnectionBook::Place place_;
  beast::flat_buffer buffer_;
};

template <class Stream>
asio::awaitable<void> Session<Stream>::converse() {
  const auto self = this->shared_from_this();
  error_code failed;
  if constexpr (!std::is_same_v<Stream, PlainStream>) {
    socket().expires_after(state_->limits.handshake);
    co_await stream_->async_handshake(asio::ssl::stream_base::server,
                                      asio::redirect_error(asio::use_awaitable, failed));
    note(failed);
    if (failed) co_return;
  }
  bool more = true;
  while (more && !state_->stopping) {
    place_->busy = false;
    if (buffer_.size() == 0) {
      socket().expires_after(state_->limits.idle);
      const auto room = buffer_.prepare(kReadAheadBytes);
      const auto got = co_await stream_->async_read_some(
          room, asio::redirect_error(asio::use_awaitable, failed));
      note(failed);
      if (failed) co_return;
      buffer_.commit(got);
    }
    place_->busy = true;
    more = co_await exchange();
  }
  if constexpr (!std::is_same_v<Stream, PlainStream>) {
    if (!socket().socket().is_open()) co_return;
    socket().expires_after(kLinger);
    co_await stream_->async_shutdown(asio::redirect_error(asio::use_awaitable, failed));
  }
  error_code ignored;
  socket().socket().shutdown(tcp::socket::shutdown_send, ignored);
}

/// One request and its answer. True where another may follow.
template <class Stream>
asio::awaitable<bool> Session<Stream>::exchange() {
  error_code failed;
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(state_->limits.header_bytes_max));
  parser.body_limit(state_->limits.body_bytes_max);
  socket().expires_after(state_->limits.header);
  co_await http::async_read_header(*stream_, buffer_, parser,
                                   asio::redirect_error(asio::use_awaitable, failed));
  if (!failed) {
    socket().expires_after(state_->limits.body);
    const auto expect = parser.get()[http::field::expect];
    if (!parser.is_done() && beast::iequals(expect, "100-continue")) {
      const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      const auto bytes = asio::buffer(go_on.data(), go_on.size());
      co_await asio::async_write(*stream_, bytes,
                                 asio::redirect_error(asio::use_awaitable, failed));
    }
  }
  if (!failed) {
    co_await http::async_read(*stream_, buffer_, parser,
                              asio::redirect_error(asio::use_awaitable, failed));
  }
  note(failed);
  int status = failed ? status_of(failed) : 0;
  if (failed && status == 0) co_return false;
  if (!failed && (parser.get().target().empty() || parser.get().target().front() != '/')) {
    status = 400;
  }
  if (status != 0) {
    co_await refuse(status);
    co_return false;
  }
  const bool head = parser.get().method() == http::verb::head;
  const bool keep_alive = parser.get().keep_alive();
  const unsigned version = parser.get().version();
  auto request = request_of(parser.release(), place_->peer);
  // The handler's time is not the client's: nothing is cut while it is at work.
  socket().expires_never();
  auto response =
      co_await ask(state_->loop, state_->handler, std::move(request), state_->limits.handling);
  const bool more = co_await answer(std::move(response), version, head, keep_alive);
  co_return more;
}

template <class Stream>
asio::awaitable<bool> Session<Stream>::answer(Response response, unsigned version, bool head,
                                              bool keep_alive) {
  if (response.stream && !head) {
    co_await pour(std::move(response), version);
    co_return false;
  }
  if (response.stream) response.stream->close();
  const bool more = keep_alive && !state_->stopping;
  http::response<http::string_body> message;
  message.version(version);
  message.result(static_cast<unsigned>(response.status));
  message.reason(beast::string_view(reason_phrase(response.status)));
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.keep_alive(more);
  if (response.status != 204) message.content_length(response.body.size());
  if (!head) message.body() = std::move(response.body);
  http::response_serializer<http::string_body> serializer(message);
  socket().expires_after(state_->limits.writing);
  error_code failed;
  if (head) {
    co_await http::async_write_header(*stream_, serializer,
                                      asio::redirect_error(asio::use_awaitable, failed));
  } else {
    co_await http::async_write(*stream_, serializer,
                               asio::redirect_error(asio::use_awaitable, failed));
  }
  note(failed);
  co_return more && !failed;
}

/// Somebody who follows has nothing to say: whatever comes, and most of all the end, closes the
/// stream at once, so that listeners who went away hold no connection.
template <class Stream>
void Session<Stream>::watch(std::shared_ptr<EventStream> events) {
  const auto byte = std::make_shared<std::array<char, 1>>();
  socket().expires_never();
  stream_->async_read_some(asio::buffer(*byte),
                           [self = this->shared_from_this(), events = std::move(events), byte](
                               const error_code&, std::size_t) { events->close(); });
}

/// Carries a stream of events until it is closed, from either end.
template <class Stream>
asio::awaitable<void> Session<Stream>::pour(Response response, unsigned version) {
  const auto events = response.stream;
  place_->stream = events;
  watch(events);
  const auto timer = std::make_shared<asio::steady_timer>(state_->loop);
  events->when_ready([timer] { timer->cancel(); });
  http::response<http::empty_body> message;
  message.version(version);
  message.result(http::status::ok);
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.keep_alive(false);
  const bool chunked = version >= 11;
  message.chunked(chunked);
  http::response_serializer<http::empty_body> serializer(message);
  socket().expires_after(state_->limits.writing);
  error_code failed;
  co_await http::async_write_header(*stream_, serializer,
                                    asio::redirect_error(asio::use_awaitable, failed));
  while (!failed) {
    std::string text = events->take();
    if (text.empty() && events->closed()) break;
    if (text.empty()) {
      socket().expires_never();
      timer->expires_after(state_->limits.heartbeat);
      error_code woken;
      co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, woken));
      if (!woken) events->beat();
      continue;
    }
    if (chunked) text = fmt::format("{:x}\r\n{}\r\n", text.size(), text);
    socket().expires_after(state_->limits.writing);
    const auto bytes = asio::buffer(text);
    co_await asio::async_write(*stream_, bytes, asio::redirect_error(asio::use_awaitable, failed));
  }
  note(failed);
  events->when_ready({});
  events->close();
  if (!failed && chunked) {
    const std::string_view last = "0\r\n\r\n";
    const auto bytes = asio::buffer(last.data(), last.size());
    co_await asio::async_write(*stream_, bytes, asio::redirect_error(asio::use_awaitable, failed));
  }
  socket().close();
}

/// Answers a request that could not be read, and lets its sender see the answer before the end.
template <class Stream>
asio::awaitable<void> Session<Stream>::refuse(int status) {
  auto response = problem_response({.status = status, .detail = std::string(detail_of(status))});
  (void)co_await answer(std::move(response), 11, false, false);
  error_code failed;
  if constexpr (std::is_same_v<Stream, PlainStream>) {
    socket().socket().shutdown(tcp::socket::shutdown_send, failed);
  }
  socket().expires_after(kLinger);
  buffer_.clear();
  for (std::size_t read = 0; !failed && read < kLingerBytesMax;) {
    const auto room = buffer_.prepare(kReadAheadBytes);
    read +=
        co_await stream_->async_read_some(room, asio::redirect_error(asio::use_awaitable, failed));
  }
}

template <class Stream>
void start(std::shared_ptr<Session<Stream>> session, ConnectionBook::Place place,
           std::shared_ptr<ServerState> state, std::shared_ptr<asio::ssl::context> tls,
           std::function<void()> ended) {
  place->cut = [weak = std::weak_ptr<Session<Stream>>(session)] {
    if (const auto here = weak.lock()) here->cut();
  };
  // The context outlives the connections that were made with it.
  asio::co_spawn(state->loop, session->converse(),
                 [session, tls, ended = std::move(ended)](const std::exception_ptr&) { ended(); });
}

}  // namespace

void start_session(std::shared_ptr<ServerState> state, tcp::socket socket,
                   std::shared_ptr<asio::ssl::context> tls, ConnectionBook::Place place,
                   std::function<void()> ended) {
  PlainStream plain(std::move(socket));
  if (tls) {
    start(std::make_shared<Session<TlsStream>>(
              state, std::make_unique<TlsStream>(std::move(plain), *tls), place),
          place, state, tls, std::move(ended));
  } else {
    start(std::make_shared<Session<PlainStream>>(
              state, std::make_unique<PlainStream>(std::move(plain)), place),
          place, state, tls, std::move(ended));
  }
}

}  // namespace reachproof::orchestrator::api
