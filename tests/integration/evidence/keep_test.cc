// Copies outside: a folder, an HTTP server, an S3 server that checks every signature.
#include "tests/integration/evidence/evidence_fixture.h"

namespace reachproof::testing {
namespace {

using ::testing::HasSubstr;

class Keeping : public EvidenceCommands {
 protected:
  void SetUp() override {
    EvidenceCommands::SetUp();
    std::filesystem::create_directory(folder_ / "store");
    server_ = std::make_unique<Program>(
        std::vector<std::string>{
            "python3",
            std::string(REACHPROOF_SOURCE_DIR) + "/tests/integration/evidence/object_store.py",
            (folder_ / "store").string()},
        folder_ / "store");
    for (int i = 0; i < 400 && !std::filesystem::exists(folder_ / "store/port"); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    url_ = "http://127.0.0.1:" + file_text(folder_ / "store/port");
  }
  void TearDown() override {
    server_->signal(SIGTERM);
    server_->wait();
  }
  Finished to_s3(std::vector<std::string> more, const std::string& secret = kSecret) {
    std::vector<std::string> words{"env",
                                   "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
                                   "AWS_SECRET_ACCESS_KEY=" + secret,
                                   binary("reachproof"),
                                   "evidence",
                                   "keep",
                                   "--to",
                                   "s3://evidence/clinic",
                                   "--s3-endpoint",
                                   url_};
    words.insert(words.end(), more.begin(), more.end());
    return Program(words, folder_.path()).wait();
  }
  /// Another history of the same length, by the same key.
  void rewrite() {
    for (const std::string end : {"", "-wal", "-shm", ".head"}) {
      std::filesystem::remove(log_.path() + end);
    }
    log_.run({.started = "2026-11-29T02:00:00.000Z"});
  }

  /// Published in the documentation of AWS, as an example.
  static constexpr const char* kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  std::unique_ptr<Program> server_;
  std::string url_;
};

TEST_F(Keeping, AFolderGetsEachCheckpointOnceAndShowsARewrittenLog) {
  std::filesystem::create_directory(folder_ / "kept");
  EXPECT_THAT(evidence({"keep", "--to", "kept"}).out, HasSubstr(".checkpoint is kept"));
  EXPECT_THAT(evidence({"keep", "--to", "kept"}).out, HasSubstr("there already, the same"));
  EXPECT_EQ(evidence({"verify", "--against", "kept"}).exit, 0);
  rewrite();
  const auto other = evidence({"keep", "--to", "kept"});
  EXPECT_EQ(other.exit, 5) << other.out;
  EXPECT_THAT(other.err, HasSubstr("is there already, and is another"));
  EXPECT_EQ(evidence({"verify"}).exit, 0);
  EXPECT_EQ(evidence({"verify", "--against", "kept"}).exit, 5);
}

TEST_F(Keeping, S3GetsSignedAndLockedUploads) {
  exported();
  const auto kept = to_s3({"--lock-days", "2555", "bundle-1.tar.zst"});
  EXPECT_EQ(kept.exit, 0) << kept.err;
  const auto told = file_text(folder_ / "store/objects");
  EXPECT_THAT(told, HasSubstr("/evidence/clinic/clinic.example-reachproof-log-0000000"));
  EXPECT_THAT(told, HasSubstr("/evidence/clinic/bundle-1.tar.zst"));
  EXPECT_THAT(told, HasSubstr("\"x-amz-object-lock-mode\": \"COMPLIANCE\""));
  EXPECT_THAT(told, HasSubstr("\"x-amz-object-lock-retain-until-date\": \"20"));
  EXPECT_THAT(to_s3({}).out, HasSubstr("there already, the same"));
}

TEST_F(Keeping, S3WithAWrongSecretIsRefused) {
  const auto refused = to_s3({}, "wrong");
  EXPECT_EQ(refused.exit, 8);
  EXPECT_THAT(refused.err, HasSubstr("status 403"));
}

TEST_F(Keeping, AnHttpServerGetsAPutThatReplacesNothing) {
  write_file(folder_ / "headers", "Authorization: Bearer token\n");
  const std::vector<std::string> words{"keep", "--to", url_ + "/keeper/a/", "--header-file",
                                       "headers"};
  EXPECT_THAT(evidence(words).out, HasSubstr(".checkpoint is kept"));
  EXPECT_THAT(evidence(words).out, HasSubstr("there already, the same"));
  rewrite();
  EXPECT_EQ(evidence(words).exit, 5);
  EXPECT_EQ(evidence({"keep", "--to", url_ + "/keeper/a/"}).exit, 8);
}

TEST_F(Keeping, WhatMakesNoSenseIsAUsageError) {
  EXPECT_EQ(evidence({"keep"}).exit, 2);
  EXPECT_EQ(evidence({"keep", "--to", "nowhere"}).exit, 2);
  EXPECT_EQ(evidence({"keep", "--to", ".", "--lock-days", "9"}).exit, 2);
  EXPECT_EQ(evidence({"keep", "--to", "s3://"}).exit, 2);
  EXPECT_EQ(evidence({"keep", "--to", "s3://a/b"}).exit, 2);  // no credentials
  EXPECT_EQ(evidence({"keep", "--to", ".", "no-bundle"}).exit, 2);
  EXPECT_EQ(evidence({"keep", "--to", "http://127.0.0.1:1/"}).exit, 8);
  write_file(folder_ / "headers", "no header\n");
  EXPECT_EQ(evidence({"keep", "--to", url_, "--header-file", "headers"}).exit, 2);
}

}  // namespace
}  // namespace reachproof::testing
