// Bundles are tested by breaking them: each change is found, and the file or record is named.
#include "evidence/bundle.h"

#include "evidence/archive.h"
#include "evidence/bundle_verify.h"
#include "evidence/dsse.h"
#include "evidence/file_hash.h"
#include "tests/support/judged_log.h"

namespace reachproof::evidence {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<BundleFile> small_report(const StoredRun& run) {
  return {{"results.txt", "run " + run.header.run + "\n"}, {"hosts.txt", "at fd00:30::1\n"}};
}

class BundleTest : public testing::Test {
 protected:
  BundlePeriod latest() const { return {.run = "latest", .from = {}, .to = {}}; }

  Result<ExportReport> export_to(const std::string& file, const BundlePeriod& period,
                                 Redaction redaction = Redaction::None,
                                 const std::string& since = "") const {
    const auto reader = LogReader::open(log_.path());
    auto range = bundle_range(*reader, period);
    if (!range) return tl::unexpected(range.error());
    const auto key = ready_attestation_key(log_.use(), algorithm_, range->end);
    if (!key) return tl::unexpected(key.error());
    return export_bundle({.log_path = log_.path(),
                          .file = file,
                          .range = *range,
                          .redaction = redaction,
                          .since = since,
                          .log_key = log_.key(),
                          .software = "reachproof test",
                          .now = now_,
                          .reports = small_report},
                         *key);
  }

  /// The folder of a bundle, unpacked.
  std::string exported(const BundlePeriod& period, Redaction redaction = Redaction::None,
                       const std::string& since = "") {
    const auto name = "bundle-" + std::to_string(++count_);
    const auto report = export_to(folder_.file(name + ".tar.zst"), period, redaction, since);
    EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().message);
    if (!report) return "";
    fs::create_directory(folder_.file(name));
    const auto unpacked = unpack(folder_.file(name + ".tar.zst"), folder_.file(name));
    EXPECT_TRUE(unpacked.has_value()) << (unpacked ? "" : unpacked.error().message);
    return folder_.file(name) + "/" + report->folder;
  }

  std::string problems_in(const std::string& path) const {
    const auto report = verify_bundle(path, {.log_key = log_.key()});
    if (!report) return "cannot be checked: " + report.error().message;
    std::string text;
    for (const auto& problem : report->problems) text += problem + "\n";
    return text;
  }

  static std::vector<std::string> files_in(const std::string& folder) {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path().lexically_relative(folder));
    }
    std::ranges::sort(files);
    return files;
  }

  /// MANIFEST.sha256 made anew, as somebody would who changes a file.
  static void list_again(const std::string& folder) {
    std::string manifest;
    for (const auto& file : files_in(folder)) {
      if (file.ends_with(".dsse.json") || file == "manifest.sigstore.json" ||
          file == "MANIFEST.sha256") {
        continue;
      }
      manifest += core::hex(*file_sha256(folder + "/" + file)) + "  " + file + "\n";
    }
    test::write_bytes(folder + "/MANIFEST.sha256", manifest);
  }

  test::Folder folder_;
  test::JudgedLog log_{folder_.file("log.db")};
  KeyAlgorithm algorithm_ = KeyAlgorithm::Ed25519;
  core::WallTime now_ = test::at("2026-12-01T08:00:00.000Z");
  int count_ = 0;
};

TEST_F(BundleTest, HoldsTheLayoutAndVerifies) {
  log_.run();
  log_.run({.id = "r-20261201-020000-0002", .started = "2026-12-01T02:00:00.000Z"});
  const auto bundle = exported(latest());
  EXPECT_EQ(problems_in(bundle), "");
  const auto files = files_in(bundle);
  for (const std::string file :
       {"MANIFEST.sha256", "VERIFY.md", "bundle.json", "checkpoints/first", "checkpoints/last",
        "evidence.db", "keys/attest.pub.pem", "keys/log.pub.pem", "keys/log.vkey",
        "manifest.dsse.json", "manifest.sigstore.json", "run.dsse.json", "report/results.txt"}) {
    EXPECT_THAT(files, Contains(file));
  }
  const auto report = verify_bundle(bundle, {.log_key = log_.key()});
  EXPECT_EQ(report->result, "PASSED");
  EXPECT_THAT(report->runs, testing::ElementsAre("r-20261201-020000-0002"));
  EXPECT_EQ(report->bodies_left_out, 0U);
}

TEST_F(BundleTest, IsTheSameWhenExportedAgainButForTheTimeOfExport) {
  log_.run();
  const auto first = exported(latest());
  now_ += std::chrono::hours(30);
  log_.run({.id = "r-20261202-020000-0003", .started = "2026-12-02T02:00:00.000Z"});
  const auto again = exported({.run = "r-20261130-020000-0001", .from = {}, .to = {}});
  EXPECT_EQ(files_in(first), files_in(again));
  for (const auto& file : files_in(first)) {
    const bool same = test::bytes_of(first + "/" + file) == test::bytes_of(again + "/" + file);
    EXPECT_EQ(same, file != "run.dsse.json") << file;
  }
}

TEST_F(BundleTest, TheArchiveItselfIsTheSameWhenExportedAtTheSameTime) {
  log_.run();
  ASSERT_TRUE(export_to(folder_.file("a"), latest()).has_value());
  ASSERT_TRUE(export_to(folder_.file("b"), latest()).has_value());
  EXPECT_EQ(test::bytes_of(folder_.file("a")), test::bytes_of(folder_.file("b")));
}

TEST_F(BundleTest, APeriodTakesItsRunsWholeAndWhatLiesBetween) {
  log_.run();
  log_.append({{"stop", R"({"event":"engaged","kind":"stop"})"}},
              test::at("2026-11-30T12:00:00.000Z"));
  log_.run({.id = "r-20261201-020000-0002", .started = "2026-12-01T02:00:00.000Z"});
  log_.run({.id = "r-20261205-020000-0003", .started = "2026-12-05T02:00:00.000Z"});
  const auto bundle = exported({.run = "",
                                .from = test::at("2026-11-30T00:00:00.000Z"),
                                .to = test::at("2026-12-02T00:00:00.000Z")});
  EXPECT_EQ(problems_in(bundle), "");
  const auto report = verify_bundle(bundle, {.log_key = log_.key()});
  EXPECT_THAT(report->runs,
              testing::ElementsAre("r-20261130-020000-0001", "r-20261201-020000-0002"));
  const auto copy = LogReader::open_copy(bundle + "/evidence.db");
  int stops = 0;
  EXPECT_TRUE(copy->scan(0, ~LeafIndex{0}, {"stop"}, [&](const auto&) { return ++stops > 0; }));
  EXPECT_EQ(stops, 1);
}

TEST_F(BundleTest, AnEmptyPeriodOrAnUnknownRunIsNotFound) {
  log_.run();
  EXPECT_EQ(export_to(folder_.file("x"), {.run = "r-none", .from = {}, .to = {}}).error().code,
            ErrorCode::NotFound);
  EXPECT_EQ(export_to(folder_.file("x"), {.run = "",
                                          .from = test::at("2020-01-01T00:00:00.000Z"),
                                          .to = test::at("2020-02-01T00:00:00.000Z")})
                .error()
                .code,
            ErrorCode::NotFound);
  EXPECT_FALSE(fs::exists(folder_.file("x")));
}

TEST_F(BundleTest, OneUnprovenCheckOrAnUnfinishedRunIsNoPass) {
  log_.run({.checks = {{.id = "X1/a/b/tcp/1"},
                       {.id = "X2/a/b/tcp/2", .result = core::CheckResult::Unproven}}});
  EXPECT_EQ(verify_bundle(exported(latest()), {})->result, "WARNED");
  log_.run({.id = "r-2", .finished = false});
  EXPECT_EQ(verify_bundle(exported(latest()), {})->result, "WARNED");
  log_.run({.id = "r-3", .checks = {}});
  EXPECT_EQ(verify_bundle(exported(latest()), {})->result, "WARNED");
  log_.run(
      {.id = "r-4", .checks = {{.id = "X2/a/b/tcp/2", .result = core::CheckResult::Violation}}});
  EXPECT_EQ(verify_bundle(exported(latest()), {})->result, "FAILED");
}

TEST_F(BundleTest, RedactionLeavesNoAddressAndStillProvesInclusion) {
  log_.run();
  const auto bundle = exported(latest(), Redaction::Addresses);
  EXPECT_EQ(problems_in(bundle), "");
  for (const auto& file : files_in(bundle)) {
    const auto bytes = test::bytes_of(bundle + "/" + file);
    for (const std::string address : {"10.9.0.5", "172.28.9.5", "fd00:30::1"}) {
      EXPECT_EQ(bytes.find(address), std::string::npos) << address << " stands in " << file;
    }
  }
  EXPECT_GT(verify_bundle(bundle, {})->bodies_left_out, 0U);
  EXPECT_THAT(test::bytes_of(bundle + "/bundle.json"), HasSubstr("report/hosts.txt"));
  EXPECT_THAT(files_in(bundle), Contains("report/results.txt"));
}

TEST_F(BundleTest, ABodyTakenOutOfABundleThatLeavesNothingOutIsFound) {
  log_.run();
  const auto bundle = exported(latest());
  ASSERT_EQ(test::run_sql(bundle + "/evidence.db", "UPDATE record SET body = NULL WHERE idx = 0"),
            "");
  list_again(bundle);
  EXPECT_THAT(problems_in(bundle), HasSubstr("evidence.db: the bodies of 1 records are not there"));
}

TEST_F(BundleTest, GoesOnFromACheckpointThatWasKept) {
  log_.run();
  const auto kept = test::bytes_of(exported(latest()) + "/checkpoints/last");
  log_.run({.id = "r-2"});
  log_.run({.id = "r-3"});
  const auto bundle = exported(latest(), Redaction::None, kept);
  EXPECT_EQ(problems_in(bundle), "");
  EXPECT_EQ(test::bytes_of(bundle + "/checkpoints/previous"), kept);
}

TEST_F(BundleTest, RefusesToGoOnFromAnotherHistory) {
  log_.run();
  const auto key = SignerKey::load(log_.path() + ".key");
  const Checkpoint other{key->verifier().name, 3, leaf_hash("another history")};
  const auto refused =
      export_to(folder_.file("x"), latest(), Redaction::None, *signed_note(other.text(), *key));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::Corrupt);
  EXPECT_THAT(refused.error().message, HasSubstr("the log was rewritten"));
  const auto strange = export_to(folder_.file("x"), latest(), Redaction::None,
                                 *signed_note(other.text(), test::test_key()));
  EXPECT_EQ(strange.error().code, ErrorCode::Corrupt);
}

TEST_F(BundleTest, WithP256VerifiesToo) {
  algorithm_ = KeyAlgorithm::P256;
  log_.run();
  const auto bundle = exported(latest());
  EXPECT_EQ(problems_in(bundle), "");
  const auto key = AttestationVerifier::from_pem(test::bytes_of(bundle + "/keys/attest.pub.pem"));
  EXPECT_EQ(key->algorithm(), KeyAlgorithm::P256);
}

TEST_F(BundleTest, AFlippedByteOfAnySmallFileIsFoundAndTheFileNamed) {
  log_.run();
  log_.run({.id = "r-2"});
  const auto bundle = exported(latest());
  int flips = 0;
  for (const auto& file : files_in(bundle)) {
    if (file == "evidence.db" || file == "VERIFY.md") continue;  // both: their own tests below
    const auto path = bundle + "/" + file;
    const auto whole = test::bytes_of(path);
    // Every byte of the small ones; of the long lists of base64 and hex every fifth; of proofs,
    // which are all alike, fewer.
    const bool proof = file.starts_with("proofs/");
    const std::size_t step = proof ? 29 : whole.size() <= 300 ? 1 : 5;
    for (std::size_t i = 0; i < whole.size(); i += step) {
      auto flipped = whole;
      flipped[i] = static_cast<char>(static_cast<unsigned char>(flipped[i]) ^ (1U << (i % 8)));
      test::write_bytes(path, flipped);
      ASSERT_THAT(problems_in(bundle), HasSubstr(file)) << "byte " << i;
      ++flips;
    }
    test::write_bytes(path, whole);
  }
  EXPECT_GT(flips, 2000);
  EXPECT_EQ(problems_in(bundle), "");
}

TEST_F(BundleTest, AFlippedByteAnywhereInTheRecordsOrTheGuideIsFound) {
  log_.run();
  const auto bundle = exported(latest());
  for (const std::string file : {"evidence.db", "VERIFY.md"}) {
    const auto path = bundle + "/" + file;
    const auto whole = test::bytes_of(path);
    for (std::size_t i = 0; i < whole.size(); i += 97) {
      auto flipped = whole;
      flipped[i] = static_cast<char>(static_cast<unsigned char>(flipped[i]) ^ 0x10U);
      test::write_bytes(path, flipped);
      ASSERT_THAT(problems_in(bundle), HasSubstr(file + ": it was changed")) << "byte " << i;
    }
    test::write_bytes(path, whole);
  }
}

TEST_F(BundleTest, EachFileThatIsTakenOutIsNamed) {
  log_.run();
  log_.run({.id = "r-2"});
  const auto bundle = exported(latest());
  for (const auto& file : files_in(bundle)) {
    const auto whole = test::bytes_of(bundle + "/" + file);
    fs::remove(bundle + "/" + file);
    EXPECT_THAT(problems_in(bundle), HasSubstr(file + ": it is missing"));
    test::write_bytes(bundle + "/" + file, whole);
  }
  EXPECT_EQ(problems_in(bundle), "");
}

TEST_F(BundleTest, AFileThatIsPutInIsNamed) {
  log_.run();
  const auto bundle = exported(latest());
  test::write_bytes(bundle + "/evidence.db-wal", "a journal that would tell another story");
  EXPECT_THAT(problems_in(bundle), HasSubstr("evidence.db-wal: MANIFEST.sha256 does not list it"));
  fs::remove(bundle + "/evidence.db-wal");
  fs::create_symlink("/etc/passwd", bundle + "/report/link");
  EXPECT_THAT(problems_in(bundle), HasSubstr("report/link: it is neither a file nor a folder"));
}

// With the manifest made to fit, the signature over it does not; the records are named all the
// same.
class BundleListedAgain : public BundleTest {
 protected:
  void SetUp() override {
    log_.run();
    log_.run({.id = "r-2"});
    bundle_ = exported(latest());
    const auto reader = LogReader::open_copy(bundle_ + "/evidence.db");
    first_ = std::to_string(reader->size().value() - 4);
  }
  std::string after(const std::string& sql) {
    EXPECT_EQ(test::run_sql(bundle_ + "/evidence.db", sql), "");
    list_again(bundle_);
    auto found = problems_in(bundle_);
    EXPECT_THAT(found,
                HasSubstr("MANIFEST.sha256: it is not the one that manifest.dsse.json signs"));
    return found;
  }
  std::string bundle_;
  std::string first_;  ///< a record in the middle of the bundle
};

TEST_F(BundleListedAgain, AChangedBodyNamesItsRecord) {
  EXPECT_THAT(after("UPDATE record SET body = CAST(replace(body, 'r-2', 'r-3') AS BLOB) "
                    "WHERE idx = " +
                    first_),
              HasSubstr("record " + first_ + ": its leaf hash is not that of its body"));
}

TEST_F(BundleListedAgain, ABodyWithHashesMadeToFitNamesItsRecord) {
  const std::string body = R"({"kind":"stop"})";
  EXPECT_THAT(after("UPDATE record SET kind = 'stop', body = CAST('" + body +
                    "' AS BLOB), body_sha256 = x'" + core::hex(sha256(body)) + "', leaf_hash = x'" +
                    core::hex(leaf_hash(body)) + "' WHERE idx = " + first_),
              HasSubstr("record " + first_ + ": it is not in the log that checkpoints/last signs"));
}

TEST_F(BundleListedAgain, ARecordThatIsTakenOutIsNamed) {
  EXPECT_THAT(after("DELETE FROM record WHERE idx = " + first_),
              HasSubstr("record " + first_ + " is missing"));
}

TEST_F(BundleListedAgain, ARecordThatStandsTwiceIsNamed) {
  const auto twin = std::to_string(std::stoi(first_) + 1);
  EXPECT_THAT(
      after("UPDATE record SET body = (SELECT body FROM record WHERE idx = " + first_ +
            "), body_sha256 = (SELECT body_sha256 FROM record WHERE idx = " + first_ +
            "), leaf_hash = (SELECT leaf_hash FROM record WHERE idx = " + first_ +
            "), kind = (SELECT kind FROM record WHERE idx = " + first_ + ") WHERE idx = " + twin),
      HasSubstr("record " + twin + ": it is not in the log"));
}

TEST_F(BundleListedAgain, SwappedRecordsAreNamed) {
  const auto twin = std::to_string(std::stoi(first_) + 1);
  const auto found = after("UPDATE record SET idx = 999 WHERE idx = " + first_ +
                           "; UPDATE record SET idx = " + first_ + " WHERE idx = " + twin +
                           "; UPDATE record SET idx = " + twin + " WHERE idx = 999");
  EXPECT_THAT(found, HasSubstr("record " + first_ + ": it is not in the log"));
  EXPECT_THAT(found, HasSubstr("record " + twin + ": it is not in the log"));
}

TEST_F(BundleListedAgain, ARecordOfNoProofIsNamed) {
  EXPECT_THAT(
      after("INSERT INTO record SELECT 900, kind, recorded_at, body, body_sha256, leaf_hash "
            "FROM record WHERE idx = " +
            first_),
      HasSubstr("record 900: it does not belong to this bundle's range"));
}

TEST_F(BundleListedAgain, AScenarioThatWasExchangedIsNamed) {
  for (const auto& file : files_in(bundle_)) {
    if (file.starts_with("scenario/scenario-")) {
      test::write_bytes(bundle_ + "/" + file, "version: 1\nname: harmless\n");
    }
  }
  list_again(bundle_);
  EXPECT_THAT(problems_in(bundle_), HasSubstr("it is not what the snapshot records hold"));
}

TEST_F(BundleTest, ABundleSignedByAnotherKeyIsRefusedForTheLogDoesNotNameIt) {
  log_.run();
  const auto bundle = exported(latest());
  const auto forger = AttestationKey::generate(KeyAlgorithm::Ed25519);
  test::write_bytes(bundle + "/report/results.txt", "all is well\n");
  test::write_bytes(bundle + "/keys/attest.pub.pem", forger->verifier().pem());
  list_again(bundle);
  for (const std::string file : {"manifest.dsse.json", "run.dsse.json"}) {
    auto envelope = Envelope::parse(test::bytes_of(bundle + "/" + file));
    const auto old = core::hex(sha256("x"));
    const auto manifest = core::hex(*file_sha256(bundle + "/MANIFEST.sha256"));
    auto payload = envelope->payload;
    const auto digest = payload.find("\"subject\":[{\"digest\":{\"sha256\":\"") + 32;
    payload.replace(digest, 64, manifest);
    const auto forged = sign_envelope(kInTotoType, payload, *forger);
    test::write_bytes(bundle + "/" + file, forged->text());
    if (file == "manifest.dsse.json") {
      test::write_bytes(bundle + "/manifest.sigstore.json", sigstore_bundle(*forged));
    }
  }
  EXPECT_EQ(problems_in(bundle),
            "keys/attest.pub.pem: it is not the attestation key that the log names\n");
}

TEST_F(BundleTest, AnotherLogKeyThanTheTrustedOneIsRefused) {
  log_.run();
  const auto report = verify_bundle(exported(latest()), {.log_key = test::test_key().verifier()});
  EXPECT_THAT(report->problems, Contains(HasSubstr("keys/log.vkey")));
  EXPECT_THAT(report->problems, Contains(HasSubstr("checkpoints/last")));
}

TEST_F(BundleTest, WithoutAKeyFromElsewhereTheReaderIsTold) {
  log_.run();
  const auto report = verify_bundle(exported(latest()), {});
  EXPECT_TRUE(report->sound());
  EXPECT_THAT(report->notes, Contains(HasSubstr("the log's key was read in the bundle itself")));
}

TEST_F(BundleTest, AnArchiveThatWasCutAnywhereIsNoSoundBundle) {
  log_.run();
  ASSERT_TRUE(export_to(folder_.file("whole"), latest()).has_value());
  const auto whole = test::bytes_of(folder_.file("whole"));
  for (std::size_t keep = 4; keep < whole.size(); keep += 97) {
    test::write_bytes(folder_.file("cut"), whole.substr(0, keep));
    EXPECT_NE(problems_in(folder_.file("cut")), "") << keep;
  }
}

TEST_F(BundleTest, AFolderThatIsNoBundleSaysWhatIsMissing) {
  fs::create_directory(folder_.file("empty"));
  const auto found = problems_in(folder_.file("empty"));
  EXPECT_THAT(found, HasSubstr("MANIFEST.sha256: it is missing"));
  EXPECT_THAT(found, HasSubstr("evidence.db: it is missing"));
}

}  // namespace
}  // namespace reachproof::evidence
