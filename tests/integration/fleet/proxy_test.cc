#include <fmt/core.h>
#include <gmock/gmock.h>

#include "tests/support/loopback.h"
#include "tests/support/open_fleet.h"

/// A probe that reaches its orchestrator through a proxy alone (Debian's tinyproxy, CONNECT): TLS
/// goes through it from end to end, so that the proxy sees nothing and can change nothing.
namespace reachproof::test {
namespace {

using ::testing::HasSubstr;

class ThroughAProxy : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v tinyproxy >/dev/null") != 0) {
      GTEST_SKIP() << "tinyproxy is not installed";
    }
    port_ = closed_port(core::Protocol::Tcp, core::Family::V4);
    testing::write_file(
        folder_ / "tinyproxy.conf",
        fmt::format("Port {}\nListen 127.0.0.1\nTimeout 600\nAllow 127.0.0.1\n"
                    "LogFile \"{}\"\nLogLevel Connect\nConnectPort {}\n",
                    port_, (folder_ / "proxy.log").string(), fleet_.fleet().port()));
    std::filesystem::create_directory(folder_ / "proxy");
    proxy_ = std::make_unique<testing::Program>(
        std::vector<std::string>{"tinyproxy", "-d", "-c", (folder_ / "tinyproxy.conf").string()},
        folder_ / "proxy");
  }
  void TearDown() override {
    for (auto* program : {probe_.get(), proxy_.get()}) {
      if (program == nullptr) continue;
      program->signal(SIGTERM);
      program->wait(std::chrono::seconds(20));
    }
  }
  std::vector<std::string> words(std::vector<std::string> more, const std::string& proxy) {
    more.insert(more.begin(), testing::binary("reachproof-probe"));
    more.insert(more.end(), {"--state", (folder_ / "probe").string(), "--stop-file",
                             (folder_ / "STOP").string(), "--proxy", proxy});
    return more;
  }
  std::string token() {
    std::string text;
    fleet_.on_loop([&] {
      fleet_.fleet().create_token({.segment = "test", .name = "far", .uses = 5, .automatic = true},
                                  [&](const auto& made) { text = made->text; });
    });
    return text;
  }
  testing::Finished join(const std::string& proxy) {
    std::filesystem::create_directories(folder_ / "join");
    return testing::Program(words({"join", token()}, proxy), folder_ / "join").wait();
  }
  std::string log() { return testing::file_text(folder_ / "proxy.log"); }

  OpenFleet fleet_;
  testing::TemporaryFolder folder_;
  core::Port port_ = 0;
  std::unique_ptr<testing::Program> proxy_;
  std::unique_ptr<testing::Program> probe_;
};

TEST_F(ThroughAProxy, AProbeJoinsAndIsServed) {
  const auto proxy = fmt::format("http://127.0.0.1:{}", port_);
  testing::Finished joined;
  for (int i = 0; i < 50 && joined.exit != 0; ++i) {  // until the proxy listens
    joined = join(proxy);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ASSERT_EQ(joined.exit, 0) << joined.err;
  EXPECT_THAT(log(), HasSubstr(fmt::format("CONNECT 127.0.0.1:{}", fleet_.fleet().port())));
  std::filesystem::create_directory(folder_ / "run");
  probe_ = std::make_unique<testing::Program>(words({"run"}, proxy), folder_ / "run");
  const auto connected = [this] {
    bool is = false;
    fleet_.on_loop([&] {
      const auto* far = fleet_.fleet().registry().find("far");
      is = far != nullptr && fleet_.fleet().link().is_connected(far->id);
    });
    return is;
  };
  for (int i = 0; i < 200 && !connected(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_TRUE(connected()) << testing::file_text(folder_ / "run" / "program.err");
}

TEST_F(ThroughAProxy, OneThatIsNotThereIsAClearError) {
  const auto dead = closed_port(core::Protocol::Tcp, core::Family::V4);
  const auto refused = join(fmt::format("http://127.0.0.1:{}", dead));
  EXPECT_NE(refused.exit, 0);
  EXPECT_THAT(refused.err, HasSubstr(fmt::format("port {}", dead)));
}

}  // namespace
}  // namespace reachproof::test
