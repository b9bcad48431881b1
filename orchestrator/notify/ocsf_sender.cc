#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "orchestrator/notify/ocsf.h"
#include "orchestrator/notify/sender.h"

namespace reachproof::orchestrator {
namespace {

DeliveryAnswer failed(std::string_view doing) {
  return {.error = fmt::format("{}: {}", doing, std::strerror(errno))};
}

class OcsfSender final : public Sender {
 public:
  OcsfSender(std::string path, NotifyIdentity who) : path_(std::move(path)), who_(std::move(who)) {}
  ~OcsfSender() override { close(); }
  OcsfSender(const OcsfSender&) = delete;
  OcsfSender& operator=(const OcsfSender&) = delete;

  Grouping grouping() const override { return Grouping::ByRun; }

  DeliveryAnswer send(const Message& message, core::WallTime, const Cancelled&) override {
    if (!is_at_its_path()) close();
    if (file_ < 0 && !open()) return failed("open " + path_);
    std::string lines;
    for (const auto& news : message.notifications) lines += ocsf_line(news, who_);
    return append(lines);
  }

 private:
  /// Whether the open file still is the one that its path names.
  [[nodiscard]] bool is_at_its_path() const {
    struct stat ours {};
    struct stat named {};
    return file_ >= 0 && ::fstat(file_, &ours) == 0 && ::stat(path_.c_str(), &named) == 0 &&
           ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
  }

  bool open() {
    file_ = ::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    if (file_ < 0) return false;
    // A new file must be found again after a power cut.
    const auto folder = std::filesystem::path(path_).parent_path();
    const int place = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (place < 0) return true;
    ::fsync(place);
    ::close(place);
    return true;
  }

  void close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
  }

  DeliveryAnswer append(std::string lines) {
    struct stat before {};
    if (::fstat(file_, &before) != 0) return failed("look at " + path_);
    // A line that a crash cut off stays apart from ours.
    char last = '\n';
    const bool seen = before.st_size == 0 || ::pread(file_, &last, 1, before.st_size - 1) == 1;
    if (seen && last != '\n') lines.insert(0, "\n");
    std::size_t written = 0;
    while (written < lines.size()) {
      const auto bytes = ::write(file_, lines.data() + written, lines.size() - written);
      if (bytes < 0 && errno == EINTR) continue;
      if (bytes <= 0) return taken_back(before.st_size);
      written += static_cast<std::size_t>(bytes);
    }
    if (::fsync(file_) != 0) return taken_back(before.st_size);
    return {.taken = true};
  }

  DeliveryAnswer taken_back(off_t size) {
    auto answer = failed("write " + path_);
    if (::ftruncate(file_, size) != 0) answer.error += "; a part of it stays in the file";
    close();
    return answer;
  }

  std::string path_;
  NotifyIdentity who_;
  int file_ = -1;
};

}  // namespace

std::unique_ptr<Sender> make_ocsf_sender(const std::string& path, const NotifyIdentity& who) {
  return std::make_unique<OcsfSender>(path, who);
}

}  // namespace reachproof::orchestrator
