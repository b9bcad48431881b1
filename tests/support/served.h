#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>
#include <thread>

#include "orchestrator/api/http_server.h"

namespace reachproof::test {

/// A server with its loop on a thread of its own, for as long as a test.
class Served {
 public:
  Served(boost::asio::io_context& loop, orchestrator::api::Handler handler,
         orchestrator::api::HttpServer::Options options = {})
      : loop_(loop) {
    auto listening =
        orchestrator::api::HttpServer::listen(loop, std::move(options), std::move(handler));
    EXPECT_TRUE(listening.has_value()) << (listening ? "" : listening.error().message);
    server_ = std::move(*listening);
    thread_ = std::thread([this] {
      loop_.restart();
      const auto work = boost::asio::make_work_guard(loop_);
      loop_.run();
    });
  }
  ~Served() {
    on_loop([this] { server_.reset(); });
    loop_.stop();
    thread_.join();
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  orchestrator::api::HttpServer& server() { return *server_; }
  [[nodiscard]] orchestrator::api::HttpServer::Counters counters() {
    orchestrator::api::HttpServer::Counters counters;
    on_loop([&] { counters = server_->counters(); });
    return counters;
  }
  /// Does it on the loop's thread, and waits.
  template <class Work>
  void on_loop(Work work) {
    std::promise<void> done;
    boost::asio::post(loop_, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

 private:
  boost::asio::io_context& loop_;
  std::unique_ptr<orchestrator::api::HttpServer> server_;
  std::thread thread_;
};

}  // namespace reachproof::test
