#pragma once

#include <fmt/core.h>
#include <pwd.h>

#include "core/layer.h"
#include "tests/support/loopback.h"
#include "tests/support/program.h"

/// Real servers on loopback, each with a folder of its own, and one question to them.
namespace reachproof::testing {

/// The program's path, or nothing where it is not installed.
inline std::string installed(const std::string& name) {
  for (const auto* folder : {"/usr/sbin/", "/usr/bin/", "/usr/lib/postgresql/15/bin/"}) {
    if (std::filesystem::exists(folder + name)) return folder + name;
  }
  return "";
}

#define SKIP_WITHOUT(name)                                                       \
  if (::reachproof::testing::installed(name).empty()) {                          \
    GTEST_SKIP() << name << " is not installed (`tools/dev setup` installs it)"; \
  }

class RealServer {
 public:
  RealServer() = default;
  RealServer(const RealServer&) = delete;
  RealServer& operator=(const RealServer&) = delete;
  ~RealServer() {
    if (!program_) return;
    program_->signal(SIGTERM);
    program_->wait(std::chrono::seconds(5));
  }

  [[nodiscard]] core::Port port() const { return port_; }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return folder_ / name;
  }
  void write(const std::string& name, const std::string& text) const {
    write_file(folder_ / name, text);
  }

  /// A command that must succeed before the server starts.
  void prepare(const std::vector<std::string>& command) const {
    std::filesystem::create_directories(folder_ / "prepare");
    const auto done = Program(command, folder_ / "prepare").wait();
    ASSERT_EQ(done.exit, 0) << command.front() << ": " << done.out << done.err;
  }

  /// Starts it, and waits until its port accepts (TCP) or for a moment (UDP).
  void start(const std::vector<std::string>& command, bool tcp = true) {
    std::filesystem::create_directories(folder_ / "server");
    program_ = std::make_unique<Program>(command, folder_ / "server");
    using Clock = std::chrono::steady_clock;
    const auto until = Clock::now() + std::chrono::seconds(20);
    if (!tcp) {
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
      return;
    }
    while (Clock::now() < until) {
      test::Engine engine;
      protocol::AttemptOrder order{.address = test::loopback(core::Family::V4),
                                   .port = port_,
                                   .timeout = std::chrono::milliseconds(500)};
      if (engine.outcome(order, [] {}).outcome == core::Outcome::Connected) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ADD_FAILURE() << command.front() << " does not listen on " << port_ << ": "
                  << file_text(folder_ / "server" / "program.err")
                  << file_text(folder_ / "server" / "program.out");
  }

  /// Certificates: ca.pem and server.pem/server.key for db.example, a SPIFFE id and 127.0.0.1.
  void make_certificates() const {
    const auto path = [&](const char* name) { return (folder_ / name).string(); };
    prepare({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=test authority", "-keyout", path("ca.key"),
             "-out", path("ca.pem")});
    prepare({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=db.example", "-addext",
             "subjectAltName=DNS:db.example,DNS:*.clinic.example,URI:spiffe://clinic/db,"
             "IP:127.0.0.1",
             "-keyout", path("server.key"), "-out", path("server.pem")});
  }

 private:
  TemporaryFolder folder_;
  core::Port port_ = test::closed_port(core::Protocol::Tcp, core::Family::V4);
  std::unique_ptr<Program> program_;
};

inline core::Ask service(const std::string& name, bool exercise = false) {
  return {.layer = core::Layer::Service, .service = name, .exercise = exercise};
}

/// Asks on loopback; the outcome of the connection must be `connected`.
inline core::Exchange ask(const core::Ask& question, core::Port port,
                          core::Protocol protocol = core::Protocol::Tcp,
                          std::chrono::milliseconds timeout = std::chrono::milliseconds(3000)) {
  test::Engine engine;
  protocol::AttemptOrder order{.protocol = protocol,
                               .address = test::loopback(core::Family::V4),
                               .port = port,
                               .timeout = timeout,
                               .ask = std::make_shared<const core::Ask>(question)};
  const auto report = engine.outcome(order, [] {});
  EXPECT_EQ(report.outcome, core::Outcome::Connected) << report.detail;
  EXPECT_NE(report.exchange, nullptr);
  return report.exchange ? *report.exchange : core::Exchange{};
}

using State = core::Exchange::State;

MATCHER_P(Is, state, std::string(core::word(state))) {
  *result_listener << core::word(arg.state) << " " << arg.code << ": " << arg.says;
  return arg.state == state;
}

}  // namespace reachproof::testing
