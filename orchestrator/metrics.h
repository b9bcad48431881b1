#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

/// What the service tells Prometheus. Names and labels: orchestrator/metric_names.h.
namespace reachproof::orchestrator {

/// One family: its name says its unit, its labels are few and bounded.
struct Metric {
  enum class Type : std::uint8_t { Counter, Gauge, Histogram };
  Type type = Type::Counter;
  std::string_view name;
  std::string_view help;
  std::vector<std::string_view> labels;
  std::vector<double> buckets;  ///< upper bounds of a histogram, growing
};

/// Values of a family's labels, in the order of its declaration.
using Labels = std::vector<std::string>;

/// The families of one service and their values. Thread-safe.
///
/// A family keeps at most kSeriesMax sets of label values; what comes after is counted under
/// "other" in every label, so that no caller can make the service, or Prometheus, grow without
/// bound.
class Metrics {
 public:
  static constexpr std::size_t kSeriesMax = 1000;

  /// All families of metric_names.h. Those without labels are there from the start, at 0.
  Metrics();

  void add(const Metric& metric, const Labels& labels = {}, double by = 1);
  void set(const Metric& metric, const Labels& labels, double value);
  void set(const Metric& metric, double value) { set(metric, {}, value); }
  void observe(const Metric& metric, const Labels& labels, double value);
  /// Forgets all values of a gauge, before it is filled anew.
  void clear(const Metric& metric);

  /// Called at the beginning of each scrape, to bring gauges up to date.
  void before_scrape(std::function<void()> refresh);
  /// Text format 0.0.4, families by name.
  [[nodiscard]] std::string scrape();

 private:
  struct Series {
    double value = 0;
    std::uint64_t count = 0;
    std::vector<std::uint64_t> buckets;
  };
  struct Family {
    const Metric* metric = nullptr;
    std::map<Labels, Series> series;
  };
  Series& series_of(const Metric& metric, const Labels& labels);
  static void print(const Family& family, std::string& out);

  std::mutex mutex_;
  std::map<std::string_view, Family> families_;
  std::vector<std::function<void()>> refreshers_;
};

}  // namespace reachproof::orchestrator
