#include "lab/plan.h"

#include <gmock/gmock.h>

#include "lab/routes.h"
#include "tests/unit/lab/lab_text.h"

namespace reachproof::lab {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> routes_of(const Plan& plan, const std::string& name) {
  std::vector<std::string> texts;
  for (const auto& node : plan.nodes) {
    if (node.name != name) continue;
    for (const auto& route : node.routes)
      texts.push_back(route.to.text() + (route.via ? " via " + route.via->text() : " nowhere"));
  }
  return texts;
}

TEST(LabPlan, NamesNamespacesAfterLabAndHost) {
  const auto plan = plan_of(lab_of(two_segments("")));
  EXPECT_THAT(plan.namespaces(), ElementsAre("two.switch", "two.fw", "two.a", "two.b", "two.c"));
}

TEST(LabPlan, SendsHostsToTheirRouter) {
  const auto plan = plan_of(lab_of(two_segments("")));
  EXPECT_THAT(routes_of(plan, "a"), ElementsAre("0.0.0.0/0 via 10.1.0.1", "::/0 via fd00:1::1"));
  EXPECT_THAT(routes_of(plan, "fw"), IsEmpty());
}

TEST(LabPlan, LeadsBlackholesNowhereAndAHostWithoutAGatewayToItsNeighboursAlone) {
  const auto plan = plan_of(
      lab_of("version: 1\nname: x\nsegments: { net: 10.1.0.0/24, far: 10.2.0.0/24 }\n"
             "routers: { fw: { segments: [net], transit: [gw], blackhole: [far, a, 10.9.0.0/16, a] "
             "}, gw: { segments: [far] } }\n"
             "hosts: { a: { segment: net }, b: { segment: net, gateway: false } }\n"));
  EXPECT_THAT(routes_of(plan, "fw"),
              ElementsAre("10.2.0.0/24 nowhere", "10.1.0.10/32 nowhere", "10.9.0.0/16 nowhere"));
  EXPECT_THAT(routes_of(plan, "a"), ElementsAre("0.0.0.0/0 via 10.1.0.1"));
  EXPECT_THAT(routes_of(plan, "b"), IsEmpty());
}

TEST(LabPlan, LeavesOutHostsThatAreDown) {
  const auto plan =
      plan_of(lab_of("version: 1\nname: x\nsegments: { net: 10.1.0.0/24 }\n"
                     "hosts: { dead: { segment: net, down: true } }\n"));
  EXPECT_THAT(plan.nodes, IsEmpty());
}

TEST(LabPlan, NamesInterfacesAfterSegmentsWhereItCan) {
  const auto lab = lab_of(
      "version: 1\nname: x\nsegments: { office: 10.1.0.0/24, default: 10.2.0.0/24, "
      "a-very-long-segment: 10.3.0.0/24 }\nrouters: { fw: { segments: [office, default, "
      "a-very-long-segment] } }\nhosts: {}\n");
  EXPECT_EQ(segment_interface(lab, 0), "office");
  EXPECT_EQ(segment_interface(lab, 1), "seg1");
  EXPECT_EQ(segment_interface(lab, 2), "seg2");
}

const char* const kChain =
    "version: 1\nname: chain\nsegments: { a: 10.1.0.0/24, b: 10.2.0.0/24, c: 10.3.0.0/24 }\n"
    "routers:\n  r1: { segments: [a], transit: [r2] }\n  r2: { segments: [b] }\n"
    "  r3: { segments: [b, c] }\nhosts: { h: { segment: b } }\n";

TEST(LabPlan, RoutesOverTransitLinksAndSharedSegments) {
  const auto plan = plan_of(lab_of(kChain));
  EXPECT_THAT(routes_of(plan, "r1"),
              ElementsAre("10.2.0.0/24 via 198.18.0.2", "10.3.0.0/24 via 198.18.0.2"));
  EXPECT_THAT(routes_of(plan, "r2"),
              ElementsAre("10.1.0.0/24 via 198.18.0.1", "10.3.0.0/24 via 10.2.0.2"));
  EXPECT_THAT(routes_of(plan, "r3"), ElementsAre("10.1.0.0/24 via 10.2.0.1"));
  EXPECT_THAT(routes_of(plan, "h"), Contains("10.3.0.0/24 via 10.2.0.2"));
  ASSERT_EQ(plan.cables.size(), 1U);
}

/// The routers on the way from one segment to another.
std::vector<std::size_t> way(const NextHops& hops, std::size_t from, std::size_t to) {
  std::vector<std::size_t> routers;
  Hop hop = hops.from_segment[from][to];
  while (hop.kind != Hop::Kind::Here && hop.kind != Hop::Kind::None && routers.size() < 20) {
    if (hop.kind == Hop::Kind::Segment) {
      hop = hops.from_segment[hop.index][to];
      continue;
    }
    routers.push_back(hop.index);
    hop = hops.from_router[hop.index][to];
  }
  return routers;
}

TEST(LabPlan, TakesTheSameWayBackAroundARing) {
  std::string text = "version: 1\nname: ring\nsegments:\n";
  for (int i = 0; i < 8; ++i)
    text += "  s" + std::to_string(i) + ": 10." + std::to_string(i) + ".0.0/24\n";
  text += "routers:\n";
  for (int i = 0; i < 8; ++i) {
    text += "  r" + std::to_string(i) + ": { segments: [s" + std::to_string(i) + "], transit: [r" +
            std::to_string((i + 1) % 8) + "] }\n";
  }
  const auto hops = next_hops(lab_of(text + "hosts: {}\n"));
  for (std::size_t from = 0; from < 8; ++from) {
    for (std::size_t to = 0; to < from; ++to) {
      auto back = way(hops, to, from);
      std::ranges::reverse(back);
      EXPECT_EQ(way(hops, from, to), back) << from << " and " << to;
      EXPECT_LE(back.size(), 5U);
    }
  }
}

}  // namespace
}  // namespace reachproof::lab
