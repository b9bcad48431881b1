#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/program.h"

namespace reachproof::testing {

/// Real servers inside the hosts of a lab that is up, for as long as a test. The lab's file is
/// lab.yaml in `folder`.
class LabServers {
 public:
  explicit LabServers(const TemporaryFolder& folder) : folder_(folder) {}
  ~LabServers() { stop(); }
  LabServers(const LabServers&) = delete;
  LabServers& operator=(const LabServers&) = delete;

  void stop() {
    for (auto& program : programs_) {
      program->signal(SIGTERM);
      program->wait(std::chrono::seconds(5));
    }
    programs_.clear();
  }

  /// A folder of that name, for what one program prints.
  [[nodiscard]] std::filesystem::path place(const std::string& name) const {
    std::filesystem::create_directories(folder_ / name);
    return folder_ / name;
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }

  /// The command, inside a host.
  [[nodiscard]] std::vector<std::string> on(const std::string& host,
                                            std::vector<std::string> command) const {
    command.insert(command.begin(),
                   {binary("reachproof"), "lab", "exec", at("lab.yaml"), host, "--"});
    return command;
  }
  void start(const std::string& host, const std::vector<std::string>& command) {
    programs_.push_back(std::make_unique<Program>(
        on(host, command), place("server-" + std::to_string(programs_.size()))));
  }
  /// Waits until a connection from `host` to the address stands.
  void until_listening(const std::string& host, const std::string& address,
                       const std::string& port) const {
    constexpr int kTriesMax = 200;
    for (int i = 0; i < kTriesMax; ++i) {
      const auto tried =
          Program(on(host, {"bash", "-c", "exec 3<>/dev/tcp/" + address + "/" + port}),
                  place("waiting"))
              .wait();
      if (tried.exit == 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ADD_FAILURE() << "nothing listens on " << address << " " << port;
  }

  /// nginx.conf up to its servers: in the foreground, everything that it writes in this folder.
  [[nodiscard]] std::string nginx_head() const {
    return "daemon off;\nmaster_process off;\npid " + at("pid") +
           ";\nerror_log stderr;\nevents { worker_connections 64; }\nhttp { access_log "
           "off;\nclient_body_temp_path " +
           at("a") + "; proxy_temp_path " + at("b") + "; fastcgi_temp_path " + at("c") +
           "; uwsgi_temp_path " + at("d") + "; scgi_temp_path " + at("e") + ";\n";
  }

 private:
  const TemporaryFolder& folder_;
  std::vector<std::unique_ptr<Program>> programs_;
};

}  // namespace reachproof::testing
