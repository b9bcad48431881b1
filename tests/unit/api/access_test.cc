#include "orchestrator/api/access.h"

#include <gmock/gmock.h>

#include "orchestrator/api/parts.h"
#include "tests/support/log_file.h"

namespace reachproof::orchestrator::api {
namespace {

using std::chrono::hours;

core::WallTime noon() {
  return *core::parse_wall_time("2026-11-30T12:00:00Z");
}

Secret secret(std::uint8_t byte) {
  Secret bytes{};
  bytes.fill(byte);
  return bytes;
}

class Access : public ::testing::Test {
 protected:
  NewApiToken made(Role role, std::uint8_t byte, const std::vector<std::string>& segments = {}) {
    auto token = book.make({.name = "n",
                            .roles = {role},
                            .segments = segments,
                            .life = hours(1),
                            .created_by = "test"},
                           secret(byte), noon());
    EXPECT_TRUE(token.has_value());
    EXPECT_TRUE(book.apply(token->record.body).has_value());
    records.push_back(token->record);
    return *token;
  }
  AccessBook book;
  std::vector<evidence::Record> records;
};

TEST_F(Access, ATokenIsBelievedUntilItExpires) {
  const auto token = made(Role::Operator, 1, {"red"});
  EXPECT_TRUE(token.text.starts_with("rpt_" + token.token.id + "_"));
  const auto caller = book.authenticate(token.text, noon());
  ASSERT_TRUE(caller.has_value());
  EXPECT_EQ(caller->token, token.token.id);
  EXPECT_EQ(caller->reach.segments(), std::vector<std::string>{"red"});
  EXPECT_TRUE(book.authenticate(token.text, noon() + hours(1) - std::chrono::milliseconds(1)));
  EXPECT_FALSE(book.authenticate(token.text, noon() + hours(1)));
}

TEST_F(Access, NoOtherTextIsBelieved) {
  const auto token = made(Role::Admin, 1);
  for (std::size_t i = 0; i < token.text.size(); ++i) {
    auto changed = token.text;
    changed[i] = changed[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(book.authenticate(changed, noon())) << changed;
    EXPECT_FALSE(book.authenticate(token.text.substr(0, i), noon()));
  }
  EXPECT_FALSE(book.authenticate(token.text + "x", noon()));
  EXPECT_FALSE(book.authenticate("", noon()));
}

TEST_F(Access, TheRecordHoldsNoSecret) {
  const auto token = made(Role::Admin, 1);
  EXPECT_EQ(token.record.body.find(token.text.substr(13)), std::string::npos);
  EXPECT_NE(token.record.body.find("secret_sha256"), std::string::npos);
}

TEST_F(Access, ARevokedTokenIsNotBelieved) {
  made(Role::Admin, 1);
  const auto token = made(Role::Viewer, 2);
  const auto record = book.revocation(token.token.id, "by", noon());
  ASSERT_TRUE(record.has_value());
  ASSERT_TRUE(book.apply(record->body).has_value());
  EXPECT_FALSE(book.authenticate(token.text, noon()));
  EXPECT_EQ(book.revocation(token.token.id, "by", noon()).error().code, ErrorCode::Refused);
}

TEST_F(Access, TheLastAdministratorStays) {
  const auto first = made(Role::Admin, 1);
  made(Role::Admin, 2, {"red"});  // not the whole fleet's
  EXPECT_EQ(book.revocation(first.token.id, "by", noon()).error().code, ErrorCode::Refused);
  made(Role::Admin, 3);
  EXPECT_TRUE(book.revocation(first.token.id, "by", noon()).has_value());
}

TEST_F(Access, TheBookIsTheFoldOfItsRecords) {
  const auto kept = made(Role::Auditor, 1, {"red", "blue"});
  const auto gone = made(Role::Admin, 2);
  made(Role::Admin, 3);
  records.push_back(*book.revocation(gone.token.id, "by", noon()));
  const test::Folder folder;
  auto log = test::open_log(folder.file("e.db"));
  ASSERT_TRUE(log.append(records, noon()).has_value());
  const auto reader = evidence::LogReader::open(folder.file("e.db"));
  const auto folded = load_access_book(*reader);
  ASSERT_TRUE(folded.has_value()) << folded.error().message;
  const auto caller = folded->authenticate(kept.text, noon());
  ASSERT_TRUE(caller.has_value());
  EXPECT_EQ(caller->roles, std::vector<Role>{Role::Auditor});
  EXPECT_FALSE(folded->authenticate(gone.text, noon()));
  EXPECT_EQ(folded->tokens().size(), 3U);
}

TEST_F(Access, ABrokenRecordIsNotPassedOver) {
  EXPECT_FALSE(book.apply("{").has_value());
  EXPECT_FALSE(book.apply(R"({"change":"token-created","id":"abcdefgh"})").has_value());
  EXPECT_FALSE(book.apply(R"({"change":"token-revoked","id":"abcdefgh"})").has_value());
}

TEST_F(Access, TheSetupTokenIsGoodOnceAndForAnHour) {
  const auto offer = book.offer_setup(secret(9), noon());
  EXPECT_TRUE(offer.starts_with("rps_"));
  EXPECT_FALSE(book.take_setup("rps_x", noon()));
  EXPECT_FALSE(book.take_setup(offer, noon() + hours(1)));
  EXPECT_TRUE(book.take_setup(offer, noon()));
  EXPECT_FALSE(book.take_setup(offer, noon()));
  book.return_setup();
  EXPECT_TRUE(book.take_setup(offer, noon()));
}

TEST(Reach, AnyOfItsSegmentsIsSeenAndAllMustBeOwned) {
  const Reach red({"red"});
  EXPECT_TRUE(red.sees({"red", "blue"}));
  EXPECT_FALSE(red.owns({"red", "blue"}));
  EXPECT_TRUE(red.owns({"red"}));
  EXPECT_FALSE(red.sees({"blue"}));
  EXPECT_FALSE(red.sees({})) << "what has no segment is the whole fleet's";
  EXPECT_FALSE(red.owns({}));
  EXPECT_TRUE(Reach().sees({}));
  EXPECT_TRUE(Reach().owns({"anything"}));
}

TEST(Roles, NobodyButAnAdministratorMakesTokens) {
  for (const auto role : all_roles()) {
    EXPECT_EQ(allows(role, Permission::CreateToken), role == Role::Admin) << word(role);
    EXPECT_EQ(role_of(word(role)), role);
  }
  EXPECT_FALSE(allows(std::vector<Role>{}, Permission::SeeSelf));
}

TEST(Roles, AnAuditorChangesNothing) {
  for (const auto permission :
       {Permission::StartRun, Permission::CancelRun, Permission::AckFinding, Permission::EngageStop,
        Permission::ReleaseStop, Permission::ApproveProbe, Permission::BanProbe,
        Permission::CreateProbeToken, Permission::PauseSchedule, Permission::Reload}) {
    EXPECT_FALSE(allows(Role::Auditor, permission)) << static_cast<int>(permission);
  }
}

}  // namespace
}  // namespace reachproof::orchestrator::api
