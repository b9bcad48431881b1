#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

/// Runs the project's programs as a user would: as processes, with files and exit codes.
namespace reachproof::testing {

inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// A folder that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "reachproof-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Finished {
  int exit = -1;  ///< 128 + signal where a signal ended it
  std::string out;
  std::string err;
};

/// A process that is running, with its output going to files of the folder.
class Program {
 public:
  Program(const std::vector<std::string>& command, const std::filesystem::path& folder)
      : out_(folder / "program.out"), err_(folder / "program.err") {
    pid_ = fork();
    if (pid_ != 0) return;
    const int out = ::open(out_.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    const int err = ::open(err_.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    const int in = ::open("/dev/null", O_RDONLY);
    if (chdir(folder.c_str()) != 0) _exit(126);
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    std::vector<char*> arguments;
    for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }

  void signal(int number) const { ::kill(pid_, number); }
  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Waits for its end, at most so long; then it is killed and its exit is 124.
  Finished wait(std::chrono::seconds at_most = std::chrono::seconds(60)) {
    const auto until = std::chrono::steady_clock::now() + at_most;
    int status = 0;
    bool late = false;
    while (waitpid(pid_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > until && !late) {
        late = true;
        signal(SIGKILL);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    Finished finished{.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                      .out = file_text(out_),
                      .err = file_text(err_)};
    if (late) finished.exit = 124;
    return finished;
  }

 private:
  std::filesystem::path out_;
  std::filesystem::path err_;
  pid_t pid_ = -1;
};

inline std::string binary(const std::string& name) {
  return std::string(REACHPROOF_BIN_DIR) + "/" + name;
}

/// `reachproof ARGUMENTS...` in that folder.
inline Finished reachproof(const TemporaryFolder& folder, std::vector<std::string> arguments,
                           std::chrono::seconds at_most = std::chrono::seconds(90)) {
  arguments.insert(arguments.begin(), binary("reachproof"));
  return Program(arguments, folder.path()).wait(at_most);
}

}  // namespace reachproof::testing
