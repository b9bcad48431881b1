#include "orchestrator/control.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <istream>

namespace reachproof::orchestrator {
namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::size_t kLineBytesMax = 8U << 20U;
constexpr std::chrono::seconds kPatience{10};

/// One asker. Lives as long as something of it is under way.
class Asker : public std::enable_shared_from_this<Asker> {
 public:
  Asker(asio::io_context& loop, Local::socket socket)
      : loop_(loop), socket_(std::move(socket)), timer_(loop), buffer_(kLineBytesMax) {}

  void read(const ControlSocket::Handler& handler) {
    auto self = shared_from_this();
    timer_.expires_after(kPatience);
    timer_.async_wait([self](error_code error) {
      if (!error) self->close();
    });
    asio::async_read_until(socket_, buffer_, '\n', [self, handler](error_code error, std::size_t) {
      self->timer_.cancel();
      if (error) return self->close();
      std::istream input(&self->buffer_);
      std::string line;
      std::getline(input, line);
      handler(std::move(line), [self](std::string text) { self->write(std::move(text)); });
    });
  }

 private:
  void write(std::string text) {
    asio::post(loop_, [self = shared_from_this(), text = std::move(text)]() mutable {
      self->answer_ = std::move(text) + "\n";
      asio::async_write(self->socket_, asio::buffer(self->answer_),
                        [self](error_code, std::size_t) { self->close(); });
    });
  }
  void close() {
    error_code ignored;
    socket_.close(ignored);
  }

  asio::io_context& loop_;
  Local::socket socket_;
  asio::steady_timer timer_;
  asio::streambuf buffer_;
  std::string answer_;
};

class Server : public ControlSocket {
 public:
  Server(asio::io_context& loop, std::string path, Handler handler)
      : loop_(loop), path_(std::move(path)), handler_(std::move(handler)), acceptor_(loop) {}
  ~Server() override { ::unlink(path_.c_str()); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Result<void> listen() {
    ::unlink(path_.c_str());  // the log's lock says that no other service lives here
    error_code error;
    acceptor_.open(Local(), error);
    const auto mask = ::umask(0177);
    if (!error) acceptor_.bind(Local::endpoint(path_), error);
    ::umask(mask);
    if (!error) acceptor_.listen(16, error);
    if (error) {
      return fail(ErrorCode::Io, fmt::format("control socket `{}`: {}", path_, error.message()));
    }
    accept();
    return {};
  }

 private:
  void accept() {
    acceptor_.async_accept([this](error_code error, Local::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error) std::make_shared<Asker>(loop_, std::move(socket))->read(handler_);
      accept();
    });
  }

  asio::io_context& loop_;
  std::string path_;
  Handler handler_;
  Local::acceptor acceptor_;
};

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(asio::io_context& loop,
                                                           const std::string& path,
                                                           Handler handler) {
  auto server = std::make_unique<Server>(loop, path, std::move(handler));
  if (auto listening = server->listen(); !listening) return tl::unexpected(listening.error());
  return server;
}

Result<std::string> ask_control(const std::string& path, const std::string& line) {
  asio::io_context loop;
  Local::socket socket(loop);
  error_code error;
  socket.connect(Local::endpoint(path), error);
  if (error) {
    return fail(ErrorCode::Unavailable,
                fmt::format("no service answers at `{}` ({}): is `reachproof serve` running, and "
                            "is --state its folder?",
                            path, error.message()));
  }
  asio::write(socket, asio::buffer(line + "\n"), error);
  asio::streambuf buffer(kLineBytesMax);
  if (!error) asio::read_until(socket, buffer, '\n', error);
  if (error) return fail(ErrorCode::Unavailable, "the service did not answer: " + error.message());
  std::istream input(&buffer);
  std::string answer;
  std::getline(input, answer);
  return answer;
}

}  // namespace reachproof::orchestrator
