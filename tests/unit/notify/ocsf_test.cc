// Lines for a SIEM, held against OCSF's own JSON Schema.
#include "orchestrator/notify/ocsf.h"

#include <gmock/gmock.h>

#include <fmt/core.h>

#include <boost/json.hpp>

#include "tests/support/news.h"
#include "tests/support/program.h"

namespace reachproof::orchestrator {
namespace {

namespace json = boost::json;

json::object line(const Notification& news) {
  return json::parse(ocsf_line(news, kTeller)).as_object();
}

Notification outage() {
  auto news = opened('o');
  news.event.subject = {.fingerprint = std::string(64, 'o'),
                        .kind = core::FindingKind::CannotTest,
                        .scenario = "shop",
                        .rule = "fleet",
                        .title = "half of the vantages of a run or more were lost",
                        .severity = core::Severity::High};
  return news;
}

TEST(Ocsf, CreatesUpdatesAndClosesOneFinding) {
  const auto first = line(opened('a'));
  EXPECT_EQ(first.at("type_uid"), 200301);
  EXPECT_EQ(first.at("status_id"), 1);
  EXPECT_EQ(first.at("compliance").as_object().at("status_id"), 3);
  EXPECT_EQ(first.at("severity_id"), 4);
  EXPECT_EQ(line(news_of('a', core::FindingEvent::What::Reopened, "r-3")).at("type_uid"), 200302);
  const auto last = line(closed('a'));
  EXPECT_EQ(last.at("type_uid"), 200303);
  EXPECT_EQ(last.at("status_id"), 4);
  EXPECT_EQ(last.at("compliance").as_object().at("status_id"), 1);
  EXPECT_EQ(last.at("finding_info").as_object().at("uid"),
            first.at("finding_info").as_object().at("uid"));
}

TEST(Ocsf, CallsWhatCouldNotBeTestedAWarning) {
  EXPECT_EQ(line(outage()).at("compliance").as_object().at("status_id"), 2);
  EXPECT_FALSE(line(outage()).contains("evidences"));
}

TEST(Ocsf, IsOneLine) {
  auto news = opened('a');
  news.event.why = "one\ntwo";
  const auto text = ocsf_line(news, kTeller);
  EXPECT_EQ(std::ranges::count(text, '\n'), 1);
  EXPECT_TRUE(text.ends_with("}\n"));
}

TEST(Ocsf, FitsTheSchemaOfItsClass) {
  const char* shared = std::getenv("REACHPROOF_SHARED");
  const auto schema = std::string(shared != nullptr ? shared : REACHPROOF_SHARED_DEFAULT) +
                      "/schemas/ocsf/ocsf-1.8.0-2003-compliance_finding.schema.json";
  if (!std::filesystem::exists(schema)) GTEST_SKIP() << "no conformance data: " << schema;
  if (std::system("/usr/bin/python3 -c 'import jsonschema' 2>/dev/null") != 0) {
    GTEST_SKIP() << "python3-jsonschema is not installed";
  }
  const reachproof::testing::TemporaryFolder folder;
  const auto judge = [&](const std::string& lines) {
    reachproof::testing::write_file(folder / "lines", lines);
    const auto command = fmt::format(
        "/usr/bin/python3 -c 'import json, sys, jsonschema\n"
        "v = jsonschema.Draft7Validator(json.load(open(sys.argv[1])))\n"
        "f = [e.message for l in open(sys.argv[2]) for e in v.iter_errors(json.loads(l))]\n"
        "print(*f, sep=chr(10)); sys.exit(bool(f))' '{}' '{}'",
        schema, (folder / "lines").string());
    return std::system(command.c_str());
  };
  auto udp = opened('u');
  udp.event.subject.kind = core::FindingKind::Broken;
  udp.event.subject.port = "udp/53";
  udp.event.subject.severity = core::Severity::Critical;
  const auto lines = ocsf_line(opened('a'), kTeller) + ocsf_line(closed('a'), kTeller) +
                     ocsf_line(outage(), kTeller) + ocsf_line(udp, kTeller) +
                     ocsf_line(news_of('a', core::FindingEvent::What::Reopened, "r"), kTeller);
  EXPECT_EQ(judge(lines), 0);
  EXPECT_NE(judge("{}"), 0);
}

}  // namespace
}  // namespace reachproof::orchestrator
