#include "orchestrator/api/evidence_desk.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "orchestrator/api/problem.h"

namespace reachproof::orchestrator::api {

Result<const evidence::LogReader*> EvidenceShelf::log() {
  if (!log_) {
    auto opened = evidence::LogReader::open(path_);
    if (!opened) return tl::unexpected(opened.error());
    log_ = std::make_unique<evidence::LogReader>(std::move(*opened));
  }
  return log_.get();
}

Result<std::vector<evidence::RunSummary>> EvidenceShelf::runs() {
  const auto reader = log();
  if (!reader) return tl::unexpected(reader.error());
  const auto size = (*reader)->size();
  if (!size) return tl::unexpected(size.error());
  if (*size == runs_as_of_) return runs_;
  auto runs = evidence::list_runs(**reader);
  if (!runs) return runs;
  runs_ = std::move(*runs);
  runs_as_of_ = *size;
  return runs_;
}

Result<std::shared_ptr<const evidence::StoredRun>> EvidenceShelf::run(const std::string& name) {
  std::string id = name;
  if (name == "latest") {
    const auto all = runs();
    if (!all) return tl::unexpected(all.error());
    if (!all->empty()) id = all->back().header.run;
  }
  const auto known =
      std::ranges::find_if(kept_, [&](const auto& kept) { return kept->header.run == id; });
  if (known != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, known);
    return kept_.front();
  }
  const auto reader = log();
  if (!reader) return tl::unexpected(reader.error());
  auto loaded = evidence::load_run(**reader, id);
  if (!loaded) return tl::unexpected(loaded.error());
  auto run = std::make_shared<const evidence::StoredRun>(std::move(*loaded));
  if (run->end) keep(run);
  return run;
}

void EvidenceShelf::keep(std::shared_ptr<const evidence::StoredRun> run) {
  std::erase_if(kept_, [&](const auto& kept) { return kept->header.run == run->header.run; });
  kept_.push_front(std::move(run));
  std::size_t checks = 0;
  std::size_t count = 0;
  std::erase_if(kept_, [&](const auto& kept) {
    checks += kept->checks.size();
    return ++count > kRunsMax || checks > kChecksMax;
  });
}

Result<std::vector<std::string>> EvidenceShelf::segments_of(const std::string& id) {
  if (const auto known = segments_.find(id); known != segments_.end()) return known->second;
  const auto stored = run(id);
  if (!stored) return tl::unexpected(stored.error());
  std::set<std::string> segments;
  for (const auto& check : (*stored)->checks) {
    segments.insert(check.check.source_segment);
    segments.insert(check.check.destination_segment);
  }
  if (segments_.size() >= kSegmentsMax) segments_.erase(segments_.begin());
  auto& kept = segments_[(*stored)->header.run];
  kept.assign(segments.begin(), segments.end());
  return kept;
}

struct EvidenceDesk::Room {
  struct Job {
    Work work;
    std::function<void(Answer)> done;
  };
  Room(boost::asio::io_context& io, std::string path) : loop(io), shelf(std::move(path)) {}

  void serve() {
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [this] { return closing || !jobs.empty(); });
      if (closing) return;
      auto job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      auto answer = std::make_shared<Answer>(job.work(shelf));
      // The work may own what belongs to the loop, so it goes there before it ends.
      boost::asio::post(loop, [job = std::move(job), answer] { job.done(std::move(*answer)); });
      lock.lock();
    }
  }

  boost::asio::io_context& loop;
  EvidenceShelf shelf;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> jobs;
  bool closing = false;
  std::thread thread;
};

EvidenceDesk::EvidenceDesk(boost::asio::io_context& loop, std::string path)
    : room_(std::make_shared<Room>(loop, std::move(path))) {
  room_->thread = std::thread([room = room_.get()] { room->serve(); });
}

EvidenceDesk::~EvidenceDesk() {
  {
    const std::scoped_lock lock(room_->mutex);
    room_->closing = true;
  }
  room_->wake.notify_one();
  room_->thread.join();
}

void EvidenceDesk::ask(Work work, std::function<void(Answer)> done) {
  {
    const std::scoped_lock lock(room_->mutex);
    if (room_->jobs.size() < kWaitingMax) {
      room_->jobs.push_back({std::move(work), std::move(done)});
      room_->wake.notify_one();
      return;
    }
  }
  auto busy = problem_response({.status = 503, .detail = "too many questions wait; ask again"});
  busy.headers.emplace_back("Retry-After", "2");
  done({std::move(busy), false});
}

}  // namespace reachproof::orchestrator::api
