#include "orchestrator/metrics.h"

#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "orchestrator/metric_names.h"

namespace reachproof::orchestrator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, AreWrittenAsPrometheusReadsThem) {
  Metrics metrics;
  metrics.add(metric::kRuns, {"nightly", "pass"});
  metrics.add(metric::kRuns, {"nightly", "pass"}, 2);
  metrics.set(metric::kStopActive, 1);
  metrics.observe(metric::kApiRequestDuration, {"/api/v1/runs"}, 0.02);
  metrics.observe(metric::kApiRequestDuration, {"/api/v1/runs"}, 99);
  const auto text = metrics.scrape();
  EXPECT_THAT(text, HasSubstr("# TYPE reachproof_runs_total counter\n"
                              "reachproof_runs_total{schedule=\"nightly\",result=\"pass\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("\nreachproof_stop_active 1\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{route=\"/api/v1/runs\",le=\"0.005\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{route=\"/api/v1/runs\",le=\"0.02\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{route=\"/api/v1/runs\",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("_count{route=\"/api/v1/runs\"} 2\n"));
}

TEST(Metrics, LabelsAreEscaped) {
  Metrics metrics;
  metrics.set(metric::kProbes, {"a\"b\\c\nd"}, 1);
  EXPECT_THAT(metrics.scrape(), HasSubstr("{state=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(Metrics, AFamilyDoesNotGrowWithoutBound) {
  Metrics metrics;
  for (int i = 0; i < 5000; ++i) metrics.add(metric::kGaps, {std::to_string(i)});
  const auto text = metrics.scrape();
  EXPECT_THAT(text, HasSubstr("reachproof_gaps_total{reason=\"other\"} 4000\n"));
  EXPECT_THAT(text, Not(HasSubstr("reason=\"4999\"")));
}

TEST(Metrics, AGaugeIsFilledAnewAtEachScrape) {
  Metrics metrics;
  int probes = 0;
  metrics.before_scrape([&] {
    metrics.clear(metric::kProbes);
    metrics.set(metric::kProbes, {"active"}, ++probes);
  });
  EXPECT_THAT(metrics.scrape(), HasSubstr("reachproof_probes{state=\"active\"} 1\n"));
  EXPECT_THAT(metrics.scrape(), HasSubstr("reachproof_probes{state=\"active\"} 2\n"));
}

TEST(Metrics, NamesFollowTheirRules) {
  std::set<std::string_view> names;
  const std::regex form("reachproof_[a-z]+(_[a-z]+)*");
  for (const auto* metric : metric::all()) {
    const std::string name(metric->name);
    EXPECT_TRUE(names.insert(metric->name).second) << name << " is there twice";
    EXPECT_TRUE(std::regex_match(name, form)) << name;
    EXPECT_EQ(name.ends_with("_total"), metric->type == Metric::Type::Counter) << name;
    EXPECT_EQ(metric->buckets.empty(), metric->type != Metric::Type::Histogram) << name;
    EXPECT_FALSE(metric->help.empty()) << name;
  }
}

}  // namespace
}  // namespace reachproof::orchestrator
