#include <sys/stat.h>

#include "tests/integration/evidence/evidence_fixture.h"

namespace reachproof::testing {
namespace {

using ::testing::HasSubstr;

mode_t mode_of(const std::filesystem::path& path) {
  struct stat found {};
  EXPECT_EQ(stat(path.c_str(), &found), 0) << path;
  return found.st_mode & 07777U;
}

TEST_F(EvidenceCommands, TheAttestationKeyIsMadeOnFirstUseForItsOwnerAloneAndRecorded) {
  exported();
  EXPECT_EQ(mode_of(folder_ / "reachproof.db.attest.key"), 0600U);
  const auto shown = evidence({"show", "--kind", "key"});
  EXPECT_THAT(shown.out, HasSubstr("key"));
  const auto openssl =
      Program({"openssl", "pkey", "-in", "reachproof.db.attest.key", "-noout"}, folder_.path())
          .wait();
  EXPECT_EQ(openssl.exit, 0) << openssl.err;
  EXPECT_EQ(evidence({"verify"}).exit, 0);
}

TEST_F(EvidenceCommands, ARotatedLogVerifiesWithTheOldKeyAndWithTheNew) {
  std::filesystem::copy_file(folder_ / "reachproof.db.vkey", folder_ / "old.vkey");
  const auto rotated = evidence({"key", "rotate"});
  ASSERT_EQ(rotated.exit, 0) << rotated.err;
  log_.run({.id = "r-2"});
  EXPECT_NE(file_text(folder_ / "old.vkey"), file_text(folder_ / "reachproof.db.vkey"));
  for (const std::string key : {"old.vkey", "reachproof.db.vkey"}) {
    const auto verified = evidence({"verify", "--key", key});
    EXPECT_EQ(verified.exit, 0) << verified.out;
    EXPECT_THAT(verified.out, HasSubstr("2 keys, each signed the next"));
  }
  EXPECT_EQ(mode_of(folder_ / "reachproof.db.key"), 0600U);
}

TEST_F(EvidenceCommands, ARetiredKeySignsNothingNew) {
  std::filesystem::copy_file(folder_ / "reachproof.db.key", folder_ / "stolen.key");
  ASSERT_EQ(evidence({"key", "rotate"}).exit, 0);
  const auto stolen = evidence::SignerKey::load((folder_ / "stolen.key").string());
  {
    auto log = test::open_log(log_.path());
    const auto refused = log.sign(*stolen, {});
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("was rotated to"));
    // Put in by hand, it does not count either.
    ASSERT_TRUE(log.append(test::records_of({.id = "r-x"}), {}).has_value());
    const evidence::Checkpoint forged{stolen->verifier().name, log.size(), log.root()};
    const auto note = *evidence::signed_note(forged.text(), *stolen);
    ASSERT_EQ(test::run_sql(log_.path(), "INSERT INTO checkpoint(size, note) VALUES(" +
                                             std::to_string(log.size()) + ", CAST('" + note +
                                             "' AS BLOB))"),
              "");
  }
  const auto verified = evidence({"verify", "--key", stolen->verifier().text()});
  EXPECT_EQ(verified.exit, 5);
  EXPECT_THAT(verified.out, HasSubstr("not signed by the key that the log had"));
}

TEST_F(EvidenceCommands, ARotationThatWasBrokenOffIsForgottenOrFinished) {
  // Before the record: the new key is there, and nothing names it.
  const auto next = evidence::SignerKey::generate(log_.key().name);
  ASSERT_TRUE(next->save(log_.path() + ".key.next").has_value());
  ASSERT_EQ(evidence({"key", "rotate"}).exit, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "reachproof.db.key.next"));
  // After the record: the old key still stands in its place.
  std::string retired;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    if (entry.path().string().find(".key.retired-") != std::string::npos) retired = entry.path();
  }
  ASSERT_NE(retired, "");
  std::filesystem::rename(folder_ / "reachproof.db.key", folder_ / "reachproof.db.key.next");
  std::filesystem::rename(retired, folder_ / "reachproof.db.key");
  {
    auto log = test::open_log(log_.path());
    const auto refused = log.sign(*evidence::SignerKey::load(log_.path() + ".key"), {});
    EXPECT_FALSE(refused.has_value()) << "the old key must not sign on";
  }
  ASSERT_EQ(evidence({"key", "rotate"}).exit, 0);
  const auto verified = evidence({"verify"});
  EXPECT_EQ(verified.exit, 0) << verified.out;
  EXPECT_THAT(verified.out, HasSubstr("3 keys, each signed the next"));
}

TEST_F(EvidenceCommands, ALostAttestationKeyIsNotReplacedInSilence) {
  exported();
  std::filesystem::remove(folder_ / "reachproof.db.attest.key");
  const auto refused = evidence({"export", "-o", "b.tar.zst"});
  EXPECT_EQ(refused.exit, 2);
  EXPECT_THAT(refused.err, HasSubstr("--lost"));
  EXPECT_EQ(evidence({"key", "rotate", "--role", "attestation"}).exit, 2);
  ASSERT_EQ(evidence({"key", "rotate", "--role", "attestation", "--lost"}).exit, 0);
  const auto bundle = exported();
  EXPECT_EQ(evidence({"verify", bundle.string(), "--key", "reachproof.db.vkey"}).exit, 0);
  EXPECT_EQ(evidence({"key", "rotate", "--lost"}).exit, 2);
}

TEST_F(EvidenceCommands, ABundleOfBeforeARotationStillVerifies) {
  const auto bundle = exported();
  ASSERT_EQ(evidence({"key", "rotate", "--role", "attestation"}).exit, 0);
  ASSERT_EQ(evidence({"key", "rotate"}).exit, 0);
  EXPECT_EQ(evidence({"verify", bundle.string()}).exit, 0);
}

}  // namespace
}  // namespace reachproof::testing
