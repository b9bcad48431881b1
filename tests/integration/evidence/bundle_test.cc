// A bundle as its reader meets it: with public programs, in an empty folder, without the product.
#include "tests/integration/evidence/evidence_fixture.h"

namespace reachproof::testing {
namespace {

using ::testing::HasSubstr;

TEST_F(EvidenceCommands, TheGuideOfABundleHoldsWordForWord) {
  log_.run({.id = "r-2"});
  const auto followed = follow_the_guide(exported());
  EXPECT_EQ(followed.exit, 0) << followed.out << followed.err;
  EXPECT_THAT(followed.out, HasSubstr("every file is as listed"));
  EXPECT_THAT(followed.out, HasSubstr("\"result\": \"PASSED\""));
  EXPECT_THAT(followed.out, HasSubstr("are in the log, without a gap; bodies left out: 0"));
  EXPECT_THAT(followed.out, HasSubstr("the log names this attestation key"));
}

TEST_F(EvidenceCommands, TheGuideHoldsForAKeyOfP256AndABundleWithoutAddresses) {
  const auto followed =
      follow_the_guide(exported({"--algorithm", "p256", "--redact", "addresses"}));
  EXPECT_EQ(followed.exit, 0) << followed.out << followed.err;
  EXPECT_THAT(followed.out, HasSubstr("Verified OK"));
}

TEST_F(EvidenceCommands, TheGuideHoldsAcrossRotatedKeysAndAKeptCheckpoint) {
  std::filesystem::copy_file(exported() / "checkpoints/last", folder_ / "kept");
  ASSERT_EQ(evidence({"key", "rotate"}).exit, 0);
  ASSERT_EQ(evidence({"key", "rotate", "--role", "attestation", "--algorithm", "p256"}).exit, 0);
  ASSERT_EQ(evidence({"key", "rotate", "--role", "attestation"}).exit, 0);
  log_.run({.id = "r-2"});
  const auto followed = follow_the_guide(exported({"--since-checkpoint", "kept"}));
  EXPECT_EQ(followed.exit, 0) << followed.out << followed.err;
  EXPECT_THAT(followed.out, HasSubstr("checkpoints/previous: the log of"));
  EXPECT_THAT(followed.out, HasSubstr("this log key was signed by the one before it"));
  EXPECT_THAT(followed.out, HasSubstr("this attestation key was signed by the one before it"));
}

TEST_F(EvidenceCommands, TheGuideStopsAtWhatWasChanged) {
  const auto bundle = exported();
  const auto whole = folder_ / "whole";
  std::filesystem::copy(bundle, whole, std::filesystem::copy_options::recursive);
  const std::string again =
      "find . -type f ! -name MANIFEST.sha256 ! -name 'manifest.*.json' "
      "! -name run.dsse.json -printf '%P\\n' | sort | xargs sha256sum > m; "
      "mv m MANIFEST.sha256";
  const std::string change_a_record =
      "sqlite3 evidence.db \"update record set body = cast(replace(body, '5432', '5433') as blob) "
      "where kind = 'plan'\"";
  for (const std::string& change :
       {std::string("echo x >> report/results.txt"), std::string("rm report/junit.xml"),
        std::string("echo x > report/added"), "echo x >> report/results.txt; " + again,
        std::string("jq -c '.payload = \"e30=\"' run.dsse.json > x; mv x run.dsse.json"),
        std::string("cp checkpoints/last checkpoints/first"), change_a_record,
        change_a_record + "; " + again}) {
    std::filesystem::remove_all(bundle);
    std::filesystem::copy(whole, bundle, std::filesystem::copy_options::recursive);
    ASSERT_EQ(shell(change + "; rm -f program.out program.err", bundle).exit, 0) << change;
    std::filesystem::remove(bundle / "program.out");
    std::filesystem::remove(bundle / "program.err");
    EXPECT_NE(follow_the_guide(bundle).exit, 0) << change;
    const auto verified = evidence({"verify", bundle.string(), "--key", "reachproof.db.vkey"});
    EXPECT_EQ(verified.exit, 5) << change << verified.out;
  }
}

TEST_F(EvidenceCommands, APeriodThatIsNotOverYetIsTheSameWhenExportedAgain) {
  const std::vector<std::string> period{"--from", "2020-01-01", "--to", "2100-01-01"};
  const auto first = exported(period);
  const auto again = exported(period);
  EXPECT_EQ(first.filename(), again.filename());
  const auto differ =
      shell("diff -rq '" + first.string() + "' '" + again.string() + "' || true", folder_.path())
          .out;
  EXPECT_THAT(differ, HasSubstr("run.dsse.json differ"));
  EXPECT_EQ(std::ranges::count(differ, '\n'), 1) << differ;
}

TEST_F(EvidenceCommands, SigstoresOwnVerifierAcceptsTheBundleOfEitherKindOfKey) {
  const std::string tools = std::string(REACHPROOF_SOURCE_DIR) + "/tests/tools";
  if (!std::filesystem::exists(tools + "/node_modules/@sigstore/verify") ||
      system("command -v node >/dev/null") != 0) {
    GTEST_SKIP() << "node or @sigstore/verify is not installed (tools/dev setup)";
  }
  const auto verified = [&](const std::filesystem::path& bundle) {
    return Program({"node", tools + "/verify_sigstore.mjs",
                    (bundle / "manifest.sigstore.json").string(),
                    (bundle / "keys/attest.pub.pem").string()},
                   folder_.path())
        .wait();
  };
  auto bundle = exported();
  EXPECT_EQ(verified(bundle).exit, 0) << verified(bundle).err;
  auto text = file_text(bundle / "manifest.sigstore.json");
  const auto at = text.find("\"payload\":\"") + 40;
  text[at] = text[at] == 'A' ? 'B' : 'A';
  write_file(bundle / "manifest.sigstore.json", text);
  EXPECT_NE(verified(bundle).exit, 0);
  ASSERT_EQ(evidence({"key", "rotate", "--role", "attestation", "--algorithm", "p256"}).exit, 0);
  bundle = exported();
  EXPECT_EQ(verified(bundle).exit, 0) << verified(bundle).err;
}

TEST_F(EvidenceCommands, TheExampleRunsWordForWord) {
  std::istringstream lines(
      file_text(std::string(REACHPROOF_SOURCE_DIR) + "/examples/evidence/README.md"));
  std::string script = "export PATH=" + std::string(REACHPROOF_BIN_DIR) + ":$PATH\n";
  int commands = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("$ ")) continue;
    script += line.substr(2) + "\n";
    ++commands;
  }
  EXPECT_GT(commands, 15);
  const auto ran = shell(script, folder_.path());
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("The bundle verifies."));
  EXPECT_THAT(ran.out, HasSubstr("PASSED"));
}

TEST_F(EvidenceCommands, VerifyNeedsNothingButTheBundle) {
  exported();
  const TemporaryFolder elsewhere;
  std::filesystem::copy_file(folder_ / "bundle-1.tar.zst", elsewhere / "b.tar.zst");
  std::filesystem::copy_file(folder_ / "reachproof.db.vkey", elsewhere / "log.vkey");
  const auto verified =
      reachproof(elsewhere, {"evidence", "verify", "b.tar.zst", "--key", "log.vkey"});
  EXPECT_EQ(verified.exit, 0) << verified.out << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("The bundle verifies."));
  EXPECT_THAT(verified.out, HasSubstr("result PASSED"));
  const auto unkeyed = reachproof(elsewhere, {"evidence", "verify", "b.tar.zst"});
  EXPECT_THAT(unkeyed.out, HasSubstr("the log's key was read in the bundle itself"));
}

TEST_F(EvidenceCommands, ADamagedBundleIsToldByItsExitCode) {
  const auto bundle = exported();
  write_file(bundle / "report/results.txt", "all is well\n");
  const auto changed = evidence({"verify", bundle.string(), "--key", "reachproof.db.vkey"});
  EXPECT_EQ(changed.exit, 5);
  EXPECT_THAT(changed.out, HasSubstr("BAD  report/results.txt: it was changed"));
  auto archive = file_text(folder_ / "bundle-1.tar.zst");
  write_file(folder_ / "cut.tar.zst", archive.substr(0, archive.size() / 2));
  EXPECT_EQ(evidence({"verify", "cut.tar.zst"}).exit, 5);
  write_file(folder_ / "noise", "noise");
  const auto noise = evidence({"verify", "noise"});
  EXPECT_EQ(noise.exit, 5);
  EXPECT_THAT(noise.err, HasSubstr("neither a bundle"));
  EXPECT_EQ(evidence({"verify", "nowhere"}).exit, 2);
}

TEST_F(EvidenceCommands, AnUnpackedBundleReadsLikeAnEvidenceFile) {
  const auto bundle = exported();
  const auto told = reachproof(folder_, {"results", "-e", (bundle / "evidence.db").string()});
  EXPECT_EQ(told.exit, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("vendor -> phi-db"));
}

TEST_F(EvidenceCommands, ALogThatWasRolledBackOrRewrittenIsToldByAKeptCheckpoint) {
  const auto old = folder_ / "old";
  std::filesystem::create_directory(old);
  ASSERT_EQ(shell("sqlite3 reachproof.db 'pragma wal_checkpoint(truncate)'; "
                  "cp reachproof.db reachproof.db.head reachproof.db.key reachproof.db.vkey old/",
                  folder_.path())
                .exit,
            0);
  log_.run({.id = "r-2"});
  std::filesystem::create_directory(folder_ / "kept");
  write_file(folder_ / "kept/2026-12-01", evidence({"checkpoint"}).out);
  exported();
  EXPECT_EQ(evidence({"verify", "--against", "kept"}).exit, 0);
  EXPECT_EQ(evidence({"verify", "--against", "bundle-1.tar.zst"}).exit, 0);
  const auto back = evidence({"verify", "-e", "old/reachproof.db", "--against", "kept"});
  EXPECT_EQ(back.exit, 5);
  EXPECT_THAT(back.out, HasSubstr("kept/2026-12-01: "));
  EXPECT_THAT(back.out, HasSubstr("it was rolled back"));
  // The old file, with another history written on: what a thief of the log's key can do.
  {
    auto log = test::open_log((old / "reachproof.db").string());
    ASSERT_TRUE(log.append(test::records_of({.id = "r-x"}), {}).has_value());
    ASSERT_TRUE(log.sign(*evidence::SignerKey::load(log_.path() + ".key"), {}).has_value());
  }
  EXPECT_EQ(evidence({"verify", "-e", "old/reachproof.db"}).exit, 0);
  const auto anew = evidence({"verify", "-e", "old/reachproof.db", "--against", "kept"});
  EXPECT_EQ(anew.exit, 5) << anew.out;
  EXPECT_THAT(anew.out, HasSubstr("the log was rewritten"));
  EXPECT_EQ(evidence({"verify", "--against", "nowhere"}).exit, 2);
}

TEST_F(EvidenceCommands, OptionsThatMakeNoSenseAreUsageErrors) {
  EXPECT_EQ(evidence({"export", "--from", "2026-11-30"}).exit, 2);
  EXPECT_EQ(evidence({"export", "--from", "2026-12-01", "--to", "2026-11-30"}).exit, 2);
  EXPECT_EQ(evidence({"export", "--from", "yesterday", "--to", "2026-11-30"}).exit, 2);
  EXPECT_EQ(evidence({"export", "--redact", "everything"}).exit, 2);
  EXPECT_EQ(evidence({"export", "--run", "r-none"}).exit, 2);
  EXPECT_EQ(evidence({"export", "--since-checkpoint", "nowhere"}).exit, 2);
  EXPECT_EQ(evidence({"export", "-o", "no/such/folder/b"}).exit, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "no"));
}

TEST_F(EvidenceCommands, ADiskThatHasNoRoomLeavesNoHalfABundle) {
  exported();
  std::filesystem::rename(folder_ / "bundle-1.tar.zst", folder_ / "b.tar.zst");
  const auto before = file_text(folder_ / "b.tar.zst");
  // A limit on what may be written to one file, in KiB, stands for a disk that fills up on the way.
  for (const std::string limit : {"1", "8", "16"}) {
    const auto refused = shell("trap '' XFSZ; ulimit -f " + limit + "; exec '" +
                                   binary("reachproof") + "' evidence export -o b.tar.zst",
                               folder_.path());
    EXPECT_EQ(refused.exit, 1) << limit << refused.out << refused.err;
    EXPECT_NE(refused.err, "") << limit;
    EXPECT_EQ(file_text(folder_ / "b.tar.zst"), before) << limit;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "b.tar.zst.part"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "b.tar.zst.records"));
  }
  EXPECT_EQ(evidence({"verify"}).exit, 0);
}

TEST_F(EvidenceCommands, ALogThatSomebodyHoldsIsNotWrittenTo) {
  const auto held = evidence::Log::open(log_.path(), "the service");
  ASSERT_TRUE(held.has_value());
  const auto refused = evidence({"export", "-o", "b.tar.zst"});
  EXPECT_EQ(refused.exit, 8) << refused.out;
  EXPECT_THAT(refused.err, HasSubstr("is in use by the service"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "b.tar.zst"));
}

TEST_F(EvidenceCommands, OnceTheKeyIsNamedAnExportNeedsNoLock) {
  exported();
  const auto held = evidence::Log::open(log_.path(), "the service");
  ASSERT_TRUE(held.has_value());
  EXPECT_EQ(evidence({"export", "-o", "b.tar.zst"}).exit, 0);
}

TEST_F(EvidenceCommands, AnExportIsARecordThatNamesItsManifest) {
  const auto bundle = exported();
  const auto manifest = core::hex(evidence::sha256(file_text(bundle / "MANIFEST.sha256")));
  const auto shown = evidence({"show", "--kind", "export"});
  std::istringstream line(shown.out);
  std::string place;
  line >> place;
  EXPECT_THAT(evidence({"show", place}).out, HasSubstr("\"manifest\":\"" + manifest + "\""));
  const auto verified = evidence({"verify"});
  EXPECT_EQ(verified.exit, 0) << verified.out;
}

TEST_F(EvidenceCommands, AControlIsListedWithTheRecordsThatSpeakOfIt) {
  log_.run({.id = "r-2", .controls = {"pci-11.4.5"}});
  const auto unknown = evidence({"export", "--control", "pci-11.4.6", "-o", "none.tar.zst"});
  EXPECT_EQ(unknown.exit, 2);
  EXPECT_THAT(unknown.err, HasSubstr("they carry: pci-11.4.5"));
  const auto bundle = exported({"--control", "pci-11.4.5"});
  const auto table = file_text(bundle / "controls/pci-11.4.5.csv");
  EXPECT_THAT(table,
              HasSubstr("r-2,2026-11-30T02:00:00.000Z,X1/vendor/phi-db/tcp/5432,pass,blocked"));
  EXPECT_EQ(follow_the_guide(bundle).exit, 0);
  EXPECT_EQ(evidence({"verify", bundle.string()}).exit, 0);
  // Changed with its list made to fit, it is still not what the records say.
  ASSERT_EQ(shell("sed -i s/pass/violation/ controls/pci-11.4.5.csv; rm -f program.*", bundle).exit,
            0);
  std::filesystem::remove(bundle / "program.out");
  std::filesystem::remove(bundle / "program.err");
  EXPECT_THAT(evidence({"verify", bundle.string()}).out,
              HasSubstr("controls/pci-11.4.5.csv: it is not what the records say"));
}

}  // namespace
}  // namespace reachproof::testing
