#include "orchestrator/evidence_keeper.h"

#include <atomic>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace reachproof::orchestrator {
namespace {

core::WallTime now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

/// Records of one transaction; one call's records always stand in one.
constexpr std::size_t kRecordsInOneTransaction = 4096;

class Keeper : public EvidenceKeeper {
 public:
  Keeper(std::string path, std::string holder, evidence::Log log, evidence::SignerKey key,
         boost::asio::any_io_executor executor)
      : path_(std::move(path)),
        holder_(std::move(holder)),
        log_(std::make_unique<evidence::Log>(std::move(log))),
        key_(std::move(key)),
        executor_(std::move(executor)),
        size_(log_->size()),
        thread_([this] { work(); }) {}
  ~Keeper() override { stop(); }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  void append(std::vector<evidence::Record> records, Appended appended) override {
    waiting_ += records.size();
    put({.records = std::move(records), .appended = std::move(appended), .note = {}});
  }
  void sign(Signed done) override { put({.records = {}, .appended = {}, .note = std::move(done)}); }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] std::size_t waiting() const override { return waiting_; }

  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Job {
    std::vector<evidence::Record> records;
    Appended appended;
    Signed note;
  };

  void put(Job job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
  }

  void work() {
    while (true) {
      std::deque<Job> jobs;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        jobs.swap(jobs_);
      }
      while (!jobs.empty()) {
        if (jobs.front().note) {
          sign_now(jobs.front());
          jobs.pop_front();
        } else {
          append_some(jobs);
        }
      }
    }
  }

  /// Takes as many appends from the front as fit into one transaction.
  void append_some(std::deque<Job>& jobs) {
    std::vector<evidence::Record> records;
    std::vector<std::pair<Appended, std::size_t>> told;
    while (!jobs.empty() && !jobs.front().note &&
           (told.empty() ||
            records.size() + jobs.front().records.size() <= kRecordsInOneTransaction)) {
      auto& job = jobs.front();
      told.emplace_back(std::move(job.appended), records.size());
      std::ranges::move(job.records, std::back_inserter(records));
      jobs.pop_front();
    }
    auto first = append_now(records);
    waiting_ -= records.size();
    for (auto& [appended, offset] : told) {
      if (!appended) continue;
      auto answer = first ? Result<evidence::LeafIndex>(*first + offset) : first;
      boost::asio::post(executor_, [appended = std::move(appended), answer = std::move(answer)] {
        appended(answer);
      });
    }
  }

  Result<evidence::LeafIndex> append_now(const std::vector<evidence::Record>& records) {
    if (!log_) {
      auto again = evidence::Log::open(path_, holder_);
      if (!again) return tl::unexpected(again.error());
      log_ = std::make_unique<evidence::Log>(std::move(*again));
    }
    if (records.empty()) return log_->size();
    auto first = log_->append(records, now());
    if (first) {
      size_ = log_->size();
    } else {
      log_.reset();  // what is on disk is read again before anything more is said of it
    }
    return first;
  }

  void sign_now(Job& job) {
    Result<std::string> note = fail(ErrorCode::Unavailable, "the evidence log is not open");
    if (log_) note = log_->sign(key_, now());
    boost::asio::post(executor_,
                      [done = std::move(job.note), note = std::move(note)] { done(note); });
  }

  std::string path_;
  std::string holder_;
  std::unique_ptr<evidence::Log> log_;
  evidence::SignerKey key_;
  boost::asio::any_io_executor executor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::atomic<std::uint64_t> size_;
  std::atomic<std::size_t> waiting_{0};
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<EvidenceKeeper>> EvidenceKeeper::open(
    const std::string& path, const std::string& holder, evidence::SignerKey key,
    boost::asio::any_io_executor executor) {
  auto log = evidence::Log::open(path, holder);
  if (!log) return tl::unexpected(log.error());
  return std::make_unique<Keeper>(path, holder, std::move(*log), std::move(key),
                                  std::move(executor));
}

}  // namespace reachproof::orchestrator
