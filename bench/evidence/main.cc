#include <fmt/core.h>
#include <sched.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "bench/evidence/facts.h"
#include "core/check.h"
#include "evidence/run_records.h"
#include "evidence/verify.h"

namespace {

using namespace reachproof;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kRecords = 300'000;
constexpr std::size_t kBatch = 1000;
constexpr std::size_t kChecks = 100'000;
constexpr double kStoredMin = 100'000;
constexpr double kVerifiedMin = 300'000;
constexpr double kBytesMax = 60;
constexpr std::size_t kVerifyRecords = 1'000'000;
constexpr double kVerifySecondsMax = 10;
constexpr std::uint64_t kProofs = 25;
constexpr double kProofMsMax = 50;
const std::string kRun = "r-20261130-011500-9f2c";

struct Cost {
  double wall_s = 0;
  double own_s = 0;  ///< the same without the time in which others had the core: work and disk
  double cpu_s = 0;
};

/// Seconds for which this thread was ready to run and others had the core.
double seconds_kept_waiting() {
  std::ifstream file("/proc/thread-self/schedstat");
  std::uint64_t on_core_ns = 0;
  std::uint64_t waiting_ns = 0;
  file >> on_core_ns >> waiting_ns;
  return static_cast<double>(waiting_ns) / 1e9;
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

Cost cost_of(const std::function<void()>& work) {
  const double cpu = cpu_seconds();
  const double waited = seconds_kept_waiting();
  const auto begun = Clock::now();
  work();
  const double wall = std::chrono::duration<double>(Clock::now() - begun).count();
  return {wall, wall - (seconds_kept_waiting() - waited), cpu_seconds() - cpu};
}

Cost median(const std::vector<Cost>& costs) {
  const auto of = [&](double Cost::*figure) {
    std::vector<double> values;
    for (const auto& cost : costs) values.push_back(cost.*figure);
    std::ranges::nth_element(values,
                             values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
    return values[values.size() / 2];
  };
  return {of(&Cost::wall_s), of(&Cost::own_s), of(&Cost::cpu_s)};
}

void stay_on_one_core() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(0, &cores);
  sched_setaffinity(0, sizeof cores, &cores);
}

/// A fresh evidence file in a directory of its own, removed at the end.
class Place {
 public:
  explicit Place(const std::filesystem::path& under)
      : directory_(under / fmt::format("bench-evidence-{}", getpid())) {
    std::filesystem::create_directory(directory_);
  }
  ~Place() { std::filesystem::remove_all(directory_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  [[nodiscard]] std::string file() const { return directory_ / "evidence.db"; }
  void clear() const {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
  }
  [[nodiscard]] std::uintmax_t bytes() const {
    std::uintmax_t sum = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_))
      sum += entry.file_size();
    return sum;
  }

 private:
  std::filesystem::path directory_;
};

/// Bodies of about 200 bytes, each different.
std::vector<evidence::Record> small_records() {
  std::vector<evidence::Record> records;
  for (std::size_t i = 0; i < kRecords; ++i) {
    records.push_back(
        {"observations",
         fmt::format(
             R"({{"items":[{{"a":[["timed-out",{},{},{},2001842]],"c":{},"from":"10.30.1.5","p":0,"port":"listening","proto":"tcp","source":"reached","w":"armed"}}],"kind":"observations","part":0,"run":"{}"}})",
             32'768 + i % 28'000, i * 7, 90'000'000'000 + i * 731, i, kRun)});
  }
  return records;
}

void append_all(const std::string& file, std::span<const evidence::Record> records,
                core::WallTime now) {
  auto log = evidence::Log::open(file, "bench");
  CHECK(log);
  for (std::size_t at = 0; at < records.size(); at += kBatch) {
    CHECK(log->append(records.subspan(at, std::min(kBatch, records.size() - at)), now));
  }
}

class Bench {
 public:
  Bench(const std::filesystem::path& under, int rounds) : place_(under), rounds_(rounds) {}

  void small() {
    const auto records = small_records();
    std::vector<Cost> stored;
    std::vector<Cost> verified;
    for (int round = 0; round < rounds_; ++round) {
      place_.clear();
      stored.push_back(cost_of([&] { append_all(place_.file(), records, kNow); }));
      const auto key = sign();
      verified.push_back(cost_of([&] { verify(key, records.size()); }));
    }
    fmt::print("{} records of {} bytes, batches of {}\n", kRecords, records.front().body.size(),
               kBatch);
    report("stored and acknowledged", kRecords, median(stored), kStoredMin);
    report("verified", kRecords, median(verified), kVerifiedMin);
  }

  void checks() {
    const auto facts = bench::facts_of(kChecks);
    std::vector<Cost> kept;
    std::vector<Cost> verified;
    std::size_t records = 0;
    for (int round = 0; round < rounds_; ++round) {
      place_.clear();
      kept.push_back(cost_of([&] { records = keep(facts); }));
      const auto key = sign();
      verified.push_back(cost_of([&] { verify(key, records); }));
    }
    const double bytes = static_cast<double>(place_.bytes()) / kChecks;
    fmt::print("{} checks of 3 attempts, in {} records\n", kChecks, records);
    report("encoded and stored", kChecks, median(kept), 0);
    report("verified", kChecks, median(verified), 0);
    bar(bytes < kBytesMax, fmt::format("{:.0f} bytes on disk a check, under {}", bytes, kBytesMax));
  }

  /// A log of so many records: verified whole, and one proof out of it, as `evidence prove` makes
  /// it: opened, found, proven, in a fresh reader each time.
  void large(std::size_t count) {
    place_.clear();
    const auto some = small_records();
    {
      auto log = evidence::Log::open(place_.file(), "bench");
      CHECK(log);
      for (std::size_t done = 0; done < count; done += kBatch) {
        const auto at = done % (some.size() - kBatch);
        CHECK(log->append(std::span(some).subspan(at, kBatch), kNow));
      }
    }
    const auto key = sign();
    fmt::print("{} records, {:.1f} GB\n", count, static_cast<double>(place_.bytes()) / 1e9);
    const auto verified = cost_of([&] { verify(key, count); });
    fmt::print("  verified in {:.2f} s by the clock, {:.0f}/s\n", verified.wall_s,
               static_cast<double>(count) / verified.wall_s);
    if (count == kVerifyRecords) {
      bar(verified.wall_s < kVerifySecondsMax,
          fmt::format("{:.1f} s for {} records, under {}", verified.wall_s, count,
                      kVerifySecondsMax));
    }
    std::vector<Cost> proofs;
    for (std::uint64_t n = 0; n < kProofs; ++n) {
      const auto index = (n * 7'919 + 12'345) * 104'729 % count;
      proofs.push_back(cost_of([&] { prove(index, count); }));
    }
    const auto proof = median(proofs);
    bar(proof.wall_s * 1000 < kProofMsMax,
        fmt::format("{:.2f} ms for one inclusion proof from {} records, under {}",
                    proof.wall_s * 1000, count, kProofMsMax));
  }

  [[nodiscard]] int missed() const { return missed_; }

 private:
  void prove(std::uint64_t index, std::uint64_t size) {
    const auto reader = evidence::LogReader::open(place_.file());
    CHECK(reader);
    const auto record = reader->read(index);
    const auto note = reader->last_checkpoint();
    CHECK(record && note);
    const auto checkpoint = evidence::Checkpoint::parse(*note);
    const auto proof = evidence::inclusion_proof(index, size, reader->node_reader());
    CHECK(checkpoint && proof);
    evidence::ProofElements elements;
    for (const auto& hash : *proof) elements.emplace_back(hash.begin(), hash.end());
    CHECK(evidence::verify_inclusion(index, size, record->leaf, elements, checkpoint->root));
  }

  std::size_t keep(const bench::Facts& facts) {
    auto records = evidence::records_of_observations(kRun, facts.started, facts.observations);
    std::ranges::move(evidence::records_of_verdicts(kRun, facts.verdicts),
                      std::back_inserter(records));
    append_all(place_.file(), records, kNow);
    return records.size();
  }

  evidence::SignerKey sign() {
    auto key = evidence::SignerKey::generate("bench.example/log");
    auto log = evidence::Log::open(place_.file(), "bench");
    CHECK(key && log && log->sign(*key, kNow));
    return *key;
  }

  void verify(const evidence::SignerKey& key, std::size_t records) {
    const auto report = evidence::verify_log(place_.file(), key.verifier());
    CHECK(report && report->sound() && report->records == records);
  }

  /// The bar is for one core, the disk's part included: time in which others had it is left out.
  void report(const char* what, std::size_t count, const Cost& cost, double per_second_min) {
    const auto number = static_cast<double>(count);
    const double rate = number / cost.own_s;
    fmt::print("  {:<24} {:>9.0f}/s by the clock {:>9.0f}/s of the core {:>9.0f}/s of CPU\n", what,
               number / cost.wall_s, rate, number / cost.cpu_s);
    if (per_second_min > 0) {
      bar(rate >= per_second_min,
          fmt::format("{:.0f}/s {}, at least {:.0f}", rate, what, per_second_min));
    }
  }

  void bar(bool met, const std::string& text) {
    fmt::print("  {}  {}\n", met ? "PASS  " : "MISSED", text);
    if (!met) ++missed_;
    std::fflush(stdout);
  }

  const core::WallTime kNow = *core::parse_wall_time("2026-11-30T01:20:00Z");
  Place place_;
  int rounds_;
  int missed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"How fast evidence is stored and verified, and what a check costs on disk."};
  std::string directory = ".";
  int rounds = 5;
  bool check = false;
  std::size_t large = 0;
  app.add_option("--dir", directory, "Where the evidence files are written (a real disk)");
  app.add_option("--rounds", rounds, "Rounds; medians are printed")->check(CLI::Range(1, 100));
  app.add_flag("--check", check, "Exit 1 where a bar is missed");
  app.add_option(
      "--large", large,
      "Instead: one log of so many records (10000000 is 5 GB), verified and proven from");
  CLI11_PARSE(app, argc, argv);
  stay_on_one_core();
  Bench bench(directory, rounds);
  if (large > 0) {
    bench.large(large);
  } else {
    bench.small();
    bench.checks();
  }
  return check && bench.missed() > 0 ? 1 : 0;
}
