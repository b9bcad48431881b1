// An exception lifts a violation for its time, and not a day longer; the run is made all the same.
#include <gmock/gmock.h>

#include "tests/support/lab_up.h"

namespace reachproof::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::filesystem::path kQuickstart =
    std::filesystem::path(REACHPROOF_SOURCE_DIR) / "examples/quickstart";

TEST(ExpiredException, IsTestedToldAndNeverLiftsAnything) {
  SKIP_WITHOUT_NAMESPACES();
  const TemporaryFolder folder;
  auto text = file_text(kQuickstart / "lab.yaml");
  text.replace(text.find("name: quickstart\n"), 17, "name: LAB\n");
  const LabUp lab(folder, text);
  ASSERT_TRUE(lab.is_up()) << lab.why_not();
  write_file(folder / "scenario.yaml",
             file_text(kQuickstart / "scenario.yaml") +
                 "exceptions:\n"
                 "  - { id: E1, of: X1, allow: { from: staff, to: database, service: ssh },\n"
                 "      owner: dba@example.org, approver: ciso@example.org, ticket: CHG-1,\n"
                 "      rationale: migration, created: 2026-10-01, expires: 2026-11-10 }\n");
  const auto run = [&](const std::string& day) {
    return reachproof(folder, {"run", "scenario.yaml", "-q", "--at", day});
  };
  const auto audit = [&](const std::string& day, std::vector<std::string> more = {}) {
    more.insert(more.begin(),
                {"exceptions", "audit", "scenario.yaml", "--at", day, "--days", "3660"});
    return reachproof(folder, more);
  };

  const auto lifted = run("2026-10-20");
  EXPECT_EQ(lifted.exit, 0) << lifted.out << lifted.err;
  EXPECT_THAT(lifted.out, HasSubstr("1 excepted"));
  const auto in_use = audit("2026-10-20");
  EXPECT_EQ(in_use.exit, 0) << in_use.err;
  EXPECT_THAT(in_use.out,
              AllOf(HasSubstr("E1"), HasSubstr("CHG-1"), HasSubstr("1/1"), HasSubstr("in use")));

  const auto over = run("2026-11-11");
  EXPECT_EQ(over.exit, 3) << over.err;
  EXPECT_THAT(over.err,
              HasSubstr("exception E1 expired on 2026-11-10: what it lifted counts again"));
  EXPECT_THAT(over.out, HasSubstr("1 violation"));
  EXPECT_THAT(reachproof(folder, {"explain", "staff", "database", "22"}).out,
              HasSubstr("exception E1 expired on 2026-11-10"));
  EXPECT_EQ(reachproof(folder, {"validate", "scenario.yaml", "--at", "2026-11-11"}).exit, 2)
      << "who checks the scenario is told to mend it";
  const auto expired = audit("2026-11-11");
  EXPECT_EQ(expired.exit, 3);
  EXPECT_THAT(expired.out, HasSubstr("expired 1 day ago"));
  EXPECT_EQ(audit("2026-11-11", {"--fail-on", "none"}).exit, 0);
  EXPECT_THAT(audit("2026-11-11", {"--fail-on", "old"}).err, HasSubstr("`old` is not expired"));
  EXPECT_EQ(audit("2026-11-05", {"--fail-on", "expiring"}).exit, 3);
  EXPECT_EQ(reachproof(folder, {"exceptions", "list", "scenario.yaml", "--at", "2026-11-11"}).exit,
            0);
}

}  // namespace
}  // namespace reachproof::testing
