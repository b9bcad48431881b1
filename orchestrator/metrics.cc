#include "orchestrator/metrics.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "orchestrator/metric_names.h"

namespace reachproof::orchestrator {
namespace {

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

std::string escaped(std::string_view text, bool quoted) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quoted) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

/// `{a="x",b="y"}`; `more` is another label, as it is written.
std::string label_text(const Metric& metric, const Labels& labels, const std::string& more = {}) {
  std::string text;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", metric.labels[i],
                        escaped(labels[i], true));
  }
  if (!more.empty()) text += (text.empty() ? "" : ",") + more;
  return text.empty() ? text : "{" + text + "}";
}

std::string_view type_word(Metric::Type type) {
  switch (type) {
    case Metric::Type::Counter:
      return "counter";
    case Metric::Type::Gauge:
      return "gauge";
    case Metric::Type::Histogram:
      return "histogram";
  }
  return "untyped";
}

}  // namespace

Metrics::Metrics() {
  for (const auto* metric : metric::all()) {
    auto& family = families_[metric->name];
    CHECK(family.metric == nullptr);
    family.metric = metric;
    if (metric->labels.empty()) (void)series_of(*metric, {});
  }
}

Metrics::Series& Metrics::series_of(const Metric& metric, const Labels& labels) {
  CHECK(labels.size() == metric.labels.size());
  auto& family = families_.at(metric.name);
  auto found = family.series.find(labels);
  if (found == family.series.end()) {
    const bool full = family.series.size() >= kSeriesMax;
    found = family.series.try_emplace(full ? Labels(labels.size(), "other") : labels).first;
    found->second.buckets.resize(metric.buckets.size());
  }
  return found->second;
}

void Metrics::add(const Metric& metric, const Labels& labels, double by) {
  CHECK(metric.type != Metric::Type::Histogram && (metric.type == Metric::Type::Gauge || by >= 0));
  const std::scoped_lock lock(mutex_);
  series_of(metric, labels).value += by;
}

void Metrics::set(const Metric& metric, const Labels& labels, double value) {
  CHECK(metric.type != Metric::Type::Histogram);
  const std::scoped_lock lock(mutex_);
  series_of(metric, labels).value = value;
}

void Metrics::observe(const Metric& metric, const Labels& labels, double value) {
  CHECK(metric.type == Metric::Type::Histogram);
  const std::scoped_lock lock(mutex_);
  auto& series = series_of(metric, labels);
  series.value += value;
  ++series.count;
  const auto bucket = std::ranges::lower_bound(metric.buckets, value);
  if (bucket != metric.buckets.end()) {
    ++series.buckets[static_cast<std::size_t>(bucket - metric.buckets.begin())];
  }
}

void Metrics::clear(const Metric& metric) {
  CHECK(metric.type == Metric::Type::Gauge);
  const std::scoped_lock lock(mutex_);
  families_.at(metric.name).series.clear();
}

void Metrics::before_scrape(std::function<void()> refresh) {
  refreshers_.push_back(std::move(refresh));
}

void Metrics::print(const Family& family, std::string& out) {
  const auto& metric = *family.metric;
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", metric.name, escaped(metric.help, false),
                     metric.name, type_word(metric.type));
  for (const auto& [labels, series] : family.series) {
    if (metric.type != Metric::Type::Histogram) {
      out +=
          fmt::format("{}{} {}\n", metric.name, label_text(metric, labels), number(series.value));
      continue;
    }
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < metric.buckets.size(); ++i) {
      below += series.buckets[i];
      const auto bound = fmt::format("le=\"{}\"", number(metric.buckets[i]));
      out += fmt::format("{}_bucket{} {}\n", metric.name, label_text(metric, labels, bound), below);
    }
    out += fmt::format("{}_bucket{} {}\n", metric.name, label_text(metric, labels, "le=\"+Inf\""),
                       series.count);
    out += fmt::format("{0}_sum{1} {2}\n{0}_count{1} {3}\n", metric.name,
                       label_text(metric, labels), number(series.value), series.count);
  }
}

std::string Metrics::scrape() {
  for (const auto& refresh : refreshers_) refresh();
  const std::scoped_lock lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    if (!family.series.empty()) print(family, out);
  }
  return out;
}

}  // namespace reachproof::orchestrator
