#include "orchestrator/notify/receiver_config.h"

#include <gmock/gmock.h>

namespace reachproof::orchestrator {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

struct Read {
  std::vector<ReceiverConfig> receivers;
  std::string problems;
};

Read read(const std::string& yaml) {
  scenarios::Problems problems("o.yaml");
  const auto root = scenarios::parse_document(yaml, problems);
  Read result{.receivers = read_receivers(root.find("notify"), "/etc/reachproof", problems),
              .problems = {}};
  for (const auto& problem : problems.sorted()) result.problems += text(problem) + "\n";
  return result;
}

TEST(Receivers, AreReadWithWhatEachKindNeeds) {
  const auto all = read(
      "notify:\n"
      "  - { name: pager, alertmanager: \"http://am.example:9093\", interval: 30s, ca: am.pem }\n"
      "  - { name: hook, webhook: \"https://hooks.example/x\", secrets: hook.secrets, batch: true "
      "}\n"
      "  - { name: siem, ocsf: /var/log/findings.ndjson }\n");
  EXPECT_EQ(all.problems, "");
  ASSERT_THAT(all.receivers, SizeIs(3));
  EXPECT_EQ(all.receivers[0].kind, ReceiverConfig::Kind::Alertmanager);
  EXPECT_EQ(all.receivers[0].interval, std::chrono::seconds(30));
  EXPECT_EQ(all.receivers[0].ca, "/etc/reachproof/am.pem");
  EXPECT_EQ(all.receivers[1].kind, ReceiverConfig::Kind::Webhook);
  EXPECT_EQ(all.receivers[1].secrets, "/etc/reachproof/hook.secrets");
  EXPECT_TRUE(all.receivers[1].batch);
  EXPECT_FALSE(all.receivers[1].allow_private);
  EXPECT_EQ(all.receivers[2].kind, ReceiverConfig::Kind::OcsfFile);
  EXPECT_EQ(all.receivers[2].target, "/var/log/findings.ndjson");
}

TEST(Receivers, NeedNotBeThere) {
  EXPECT_THAT(read("version: 1\n").receivers, SizeIs(0));
}

TEST(Receivers, SayEveryProblemWithItsPlace) {
  const std::pair<const char*, const char*> wrong[] = {
      {"notify: yes", "`notify` is a list"},
      {"notify: [{ webhook: \"https://x/\", secrets: s }]", "lacks the key `name`"},
      {"notify: [{ name: a }]", "exactly one of"},
      {"notify: [{ name: a, ocsf: f, alertmanager: \"http://x\" }]", "exactly one of"},
      {"notify: [{ name: a, webhook: \"https://x/\" }]", "lacks the key `secrets`"},
      {"notify: [{ name: a, webhook: \"http://x/\", secrets: s }]", "is not one that can be used"},
      {"notify: [{ name: a, webhook: \"https://u:p@x/\", secrets: s }]",
       "is not one that can be used"},
      {"notify: [{ name: a, webhook: \"https:///x\", secrets: s }]", "is not one that can be used"},
      {"notify: [{ name: a, alertmanager: \"ftp://x\" }]", "is not one that can be used"},
      {"notify: [{ name: a, alertmanager: \"http://x\", interval: 2h }]", "from 1s to 1h"},
      {"notify: [{ name: a, ocsf: f, batch: true }]", "batch"},
      {"notify: [{ name: a, ocsf: f }, { name: a, ocsf: g }]", "two receivers are named a"},
  };
  for (const auto& [yaml, message] : wrong) {
    const auto problems = read(yaml).problems;
    EXPECT_THAT(problems, HasSubstr(message)) << yaml;
    EXPECT_THAT(problems, testing::StartsWith("o.yaml:1:")) << yaml;
  }
}

TEST(Receivers, MayStandInsideWhereThatIsSaid) {
  const auto inside =
      read("notify: [{ name: a, webhook: \"http://10.0.0.1/\", secrets: s, allow-private: true }]");
  EXPECT_EQ(inside.problems, "");
  EXPECT_TRUE(inside.receivers[0].allow_private);
}

}  // namespace
}  // namespace reachproof::orchestrator
