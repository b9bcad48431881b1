#include "lab/load.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "tests/unit/lab/lab_text.h"

namespace reachproof::lab {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(LabFile, GivesAddressesWhereTheFileGivesNone) {
  const auto lab = lab_of(two_segments(""));
  EXPECT_EQ(lab.routers[0].addresses[0].text(), "10.1.0.1");
  EXPECT_EQ(lab.hosts[1].addresses[0].text(), "10.2.0.10");
  EXPECT_EQ(lab.hosts[1].addresses[1].text(), "fd00:2::a");
  EXPECT_EQ(lab.hosts[2].addresses[0].text(), "10.2.0.11");
}

TEST(LabFile, KeepsExplicitAddressesAndPassesOverThem) {
  const auto lab = lab_of(
      "version: 1\nname: x\nsegments: { net: 10.1.0.0/24 }\nhosts:\n"
      "  a: { segment: net }\n  b: { segment: net, addresses: [10.1.0.10] }\n");
  EXPECT_EQ(lab.hosts[0].addresses[0].text(), "10.1.0.11");
}

TEST(LabFile, ReportsEveryProblemAtOnceWithItsPlace) {
  const auto wrong = complaints(
      "version: 1\nname: x\nsegments: { net: 10.1.0.0/24 }\nhosts:\n"
      "  a: { segment: nt, listners: {} }\n"
      "  b: { segment: net, addresses: [10.9.0.1] }\n"
      "  c: { segment: net, addresses: [10.1.0.7], listeners: { tcp/80: htp } }\n"
      "  d: { segment: net, addresses: [10.1.0.7] }\n");
  EXPECT_THAT(
      wrong,
      HasSubstr("lab.yaml:5:3: error: segment `nt` of host a does not exist; did you mean `net`?"));
  EXPECT_THAT(
      wrong,
      HasSubstr(
          "lab.yaml:5:21: error: unknown key `listners` in host a; did you mean `listeners`?"));
  EXPECT_THAT(wrong,
              HasSubstr("lab.yaml:6:3: error: 10.9.0.1 of host b lies outside of segment net"));
  EXPECT_THAT(wrong, HasSubstr("unknown listener `htp`; did you mean `http`?"));
  EXPECT_THAT(wrong,
              HasSubstr("lab.yaml:8:3: error: 10.1.0.7 of host d belongs to host c already"));
}

TEST(LabFile, RefusesTheNetworkAndBroadcastAddress) {
  const std::string head = "version: 1\nname: x\nsegments: { net: 10.1.0.0/24 }\nhosts:\n";
  EXPECT_THAT(complaints(head + "  a: { segment: net, addresses: [10.1.0.0] }\n"),
              HasSubstr("network or broadcast"));
  EXPECT_THAT(complaints(head + "  a: { segment: net, addresses: [10.1.0.255] }\n"),
              HasSubstr("network or broadcast"));
}

TEST(LabFile, RefusesOneNameForTwoThings) {
  const auto wrong = complaints(
      "version: 1\nname: x\nsegments: { net: 10.1.0.0/24 }\nhosts:\n  net: { segment: net }\n");
  EXPECT_THAT(wrong, HasSubstr("a segment has this name already"));
}

TEST(LabFile, RefusesNamesThatRulesUse) {
  const auto wrong = complaints(
      "version: 1\nname: x\nsegments: { net: 10.1.0.0/24 }\nhosts:\n  any: { segment: net }\n");
  EXPECT_THAT(wrong, HasSubstr("a meaning of its own"));
}

TEST(LabFile, SaysWhichSegmentsNoRouterJoins) {
  const std::string head = "version: 1\nname: x\nsegments:\n  a: 10.1.0.0/24\n  b: ";
  EXPECT_THAT(complaints(head + "10.2.0.0/24\nhosts: {}\n"),
              HasSubstr("no router leads from segment b to segment a"));
  EXPECT_THAT(complaints(head + "{ subnets: [10.2.0.0/24], isolated: true }\nhosts: {}\n"),
              IsEmpty());
}

TEST(LabFile, RefusesSubnetsThatOverlap) {
  const auto wrong =
      complaints("version: 1\nname: x\nsegments: { a: 10.1.0.0/16, b: 10.1.2.0/24 }\nhosts: {}\n");
  EXPECT_THAT(wrong, HasSubstr("10.1.2.0/24 of segment b overlaps 10.1.0.0/16 of segment a"));
}

TEST(LabFile, RefusesRulesThatNameNobodyOrMatchNothing) {
  EXPECT_THAT(complaints(two_segments("    rules:\n      - drop from lft to right\n")),
              HasSubstr("lab.yaml:10:9: error: the rule names `lft`"));
  EXPECT_THAT(complaints(two_segments("    rules:\n      - drop from 10.0.0.0/8 to fd00::/8\n")),
              HasSubstr("can match nothing"));
}

TEST(LabFile, RefusesADeadHostThatServes) {
  const auto wrong = complaints(
      "version: 1\nname: x\nsegments: { net: 10.1.0.0/24 }\nhosts:\n"
      "  a: { segment: net, down: true, probe: true, listeners: { tcp/80: http } }\n");
  EXPECT_THAT(wrong, HasSubstr("no probe can run there"));
  EXPECT_THAT(wrong, HasSubstr("it serves nothing"));
}

TEST(LabFile, SaysWhatAPortCanDo) {
  const auto listener = [](const std::string& text) {
    return complaints(
        "version: 1\nname: x\nsegments: { net: 10.1.0.0/24 }\nhosts:\n"
        "  a: { segment: net, listeners: { " +
        text + " } }\n");
  };
  EXPECT_THAT(listener("tcp/80-90: accept"), HasSubstr("only be `closed`"));
  EXPECT_THAT(listener("udp/80: http"), HasSubstr("is for TCP"));
  EXPECT_THAT(listener("tcp/80: mute"), HasSubstr("is for UDP"));
  EXPECT_THAT(listener("udp/53: dns refused"), HasSubstr("nxdomain, servfail"));
  EXPECT_EQ(listener("udp/53: dns servfail"), "");
  EXPECT_THAT(listener("tcp/80: http 99"), HasSubstr("status from 200 to 599"));
  EXPECT_THAT(listener("tcp/80: accept, tcp/70-90: closed"), HasSubstr("overlaps tcp/80"));
  EXPECT_THAT(listener("tcp/22: banner SSH-2.0-lab, tcp/1-21: closed, tcp/80: http 403"),
              IsEmpty());
}

TEST(LabFile, RefusesABlackholeThatIsNowhereOrWhereTheRouterStands) {
  EXPECT_THAT(complaints(two_segments("    blackhole: [bb]\n")), HasSubstr("blackhole `bb`"));
  EXPECT_THAT(complaints(two_segments("    blackhole: [left]\n")),
              HasSubstr("stands in segment left"));
  EXPECT_EQ(complaints(two_segments("    blackhole: [b, \"fd00:9::/64\"]\n")), "");
}

TEST(LabFile, SaysThatAnNftFileIsMissing) {
  EXPECT_THAT(complaints(two_segments("    nft-file: no-such.nft\n")),
              HasSubstr("lab.yaml:9:15: error: cannot open"));
}

TEST(LabFile, FindsTheResolverAndTheNames) {
  const auto lab = lab_of(
      "version: 1\nname: x\nsegments: { net: 10.1.0.0/24 }\nresolver: dns\n"
      "names: { Other.example: [10.1.0.77, web] }\nhosts:\n"
      "  dns: { segment: net, listeners: { udp/53: dns } }\n"
      "  web: { segment: net, hostname: web.example }\n");
  EXPECT_EQ(lab.hosts[1].resolver, "10.1.0.10");
  EXPECT_EQ(lab.names.at("web.example").front().text(), "10.1.0.11");
  EXPECT_EQ(lab.names.at("other.example").size(), 2U);
}

/// The fenced YAML blocks of a Markdown text.
std::vector<std::string> yaml_blocks(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = line == "```yaml";
      if (inside) blocks.emplace_back();
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

TEST(LabFile, ExamplesOfTheDocumentationAreSound) {
  const auto blocks = yaml_blocks(REACHPROOF_SOURCE_DIR "/docs/lab-format.md");
  EXPECT_GE(blocks.size(), 5U);
  for (const auto& block : blocks) {
    if (!block.starts_with("version: 1\nname:")) continue;  // a piece, or an inventory
    const auto file = load_lab(block, "docs/lab-format.md", REACHPROOF_SOURCE_DIR "/docs");
    EXPECT_TRUE(file.lab) << block << text(file.problems);
  }
}

}  // namespace
}  // namespace reachproof::lab
