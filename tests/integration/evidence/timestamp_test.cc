// Time stamps from a real authority: `openssl ts` behind HTTP on the loopback address.
#include "evidence/timestamp.h"

#include "tests/integration/evidence/evidence_fixture.h"
#include "tests/support/lab_up.h"

namespace reachproof::testing {
namespace {

using ::testing::HasSubstr;

class Timestamps : public EvidenceCommands {
 protected:
  void SetUp() override {
    EvidenceCommands::SetUp();
    std::filesystem::create_directory(folder_ / "tsa");
    server_ = std::make_unique<Program>(
        std::vector<std::string>{
            "python3",
            std::string(REACHPROOF_SOURCE_DIR) + "/tests/integration/evidence/tsa_server.py",
            (folder_ / "tsa").string()},
        folder_ / "tsa");
    for (int i = 0; i < 400 && !std::filesystem::exists(folder_ / "tsa/port"); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    url_ = "http://127.0.0.1:" + file_text(folder_ / "tsa/port");
  }
  void TearDown() override {
    server_->signal(SIGTERM);
    server_->wait();
  }
  Finished stamp(const std::string& path, std::vector<std::string> more = {"--ca", "tsa/ca.pem"}) {
    std::vector<std::string> words{"timestamp", "--tsa", url_ + path};
    words.insert(words.end(), more.begin(), more.end());
    return evidence(words);
  }
  std::unique_ptr<Program> server_;
  std::string url_;
};

TEST_F(Timestamps, ATokenIsKeptWithItsCheckpointAndInABundleThatVerifies) {
  exported();  // names the attestation key
  const auto stamped = stamp("/tsa");
  ASSERT_EQ(stamped.exit, 0) << stamped.err;
  const auto bundle = exported();
  EXPECT_TRUE(std::filesystem::exists(bundle / "checkpoints/last.tsr"));
  EXPECT_EQ(file_text(bundle / "tsa/ca.pem"), file_text(folder_ / "tsa/ca.pem"));
  const auto verified =
      evidence({"verify", bundle.string(), "--key", "reachproof.db.vkey", "--ca", "tsa/ca.pem"});
  EXPECT_EQ(verified.exit, 0) << verified.out;
  EXPECT_THAT(verified.out, HasSubstr("time stamp 20"));
  const auto followed = follow_the_guide(bundle);
  EXPECT_EQ(followed.exit, 0) << followed.out << followed.err;
  EXPECT_THAT(followed.out, HasSubstr("checkpoints/last existed on"));
  const auto log = evidence({"verify"});
  EXPECT_EQ(log.exit, 0) << log.out;
  EXPECT_THAT(evidence({"show", "--kind", "timestamp"}).out, HasSubstr("timestamp"));
}

TEST_F(Timestamps, ATokenInTheLogThatWasExchangedIsFound) {
  ASSERT_EQ(stamp("/tsa").exit, 0);
  EXPECT_THAT(evidence({"verify"}).out, HasSubstr("time stamp: the checkpoint of"));
  const auto after = [&](const std::string& sql) {
    EXPECT_EQ(test::run_sql(log_.path(), sql), "");
    return evidence({"verify", "--ca", "tsa/ca.pem"});
  };
  const auto redated = after(
      "UPDATE checkpoint SET anchored_at = '2020-01-01T00:00:00.000Z' "
      "WHERE tsr IS NOT NULL");
  EXPECT_EQ(redated.exit, 5) << redated.out;
  EXPECT_THAT(redated.out, HasSubstr("BAD  time stamp of the checkpoint of"));
  const auto moved = after(
      "UPDATE checkpoint SET tsr = (SELECT tsr FROM checkpoint WHERE tsr IS NOT "
      "NULL)");
  EXPECT_EQ(moved.exit, 5) << moved.out;
  EXPECT_THAT(moved.out, HasSubstr("message imprint mismatch"));
}

TEST_F(Timestamps, ATokenOutlivesTheCertificateThatSignedIt) {
  constexpr const char* kFakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
  if (!std::filesystem::exists(kFakeTime)) GTEST_SKIP() << "libfaketime is not installed";
  exported();
  ASSERT_EQ(stamp("/tsa").exit, 0);
  const auto bundle = exported();
  const auto later = [&](std::vector<std::string> command) {
    const std::vector<std::string> clock{"env", std::string("LD_PRELOAD=") + kFakeTime,
                                         "FAKETIME=+400d"};
    command.insert(command.begin(), clock.begin(), clock.end());
    return Program(command, folder_.path()).wait();
  };
  const auto verified =
      later({binary("reachproof"), "evidence", "verify", bundle.string(), "--ca", "tsa/ca.pem"});
  EXPECT_EQ(verified.exit, 0) << verified.out << verified.err;
  const auto expired =
      later({"openssl", "ts", "-verify", "-data", (bundle / "checkpoints/last").string(), "-in",
             (bundle / "checkpoints/last.tsr").string(), "-CAfile", "tsa/ca.pem"});
  EXPECT_NE(expired.exit, 0) << "the certificate was to have expired";
}

TEST_F(Timestamps, WithoutAnAuthorityNothingIsLostAndTheMissingAnchorIsARecord) {
  const auto missed = evidence({"timestamp", "--tsa", "http://127.0.0.1:1/"});
  EXPECT_EQ(missed.exit, 8);
  EXPECT_THAT(missed.err, HasSubstr("no time stamp from `http://127.0.0.1:1/`"));
  const auto verified = evidence({"verify"});
  EXPECT_EQ(verified.exit, 0) << verified.out;
  EXPECT_THAT(verified.out, HasSubstr("has no time stamp"));
  ASSERT_EQ(stamp("/tsa").exit, 0);
  EXPECT_THAT(evidence({"verify"}).out, ::testing::Not(HasSubstr("has no time stamp")));
}

TEST_F(Timestamps, AnAnswerThatProvesNothingIsRefusedWithItsReason) {
  const std::map<std::string, std::string> reasons{
      {"/garbage", "not the answer of a time stamping authority"},
      {"/refuse", "the authority refused, with status 2"},
      {"/error", "status 503"}};
  for (const auto& [path, reason] : reasons) {
    const auto refused = stamp(path);
    EXPECT_EQ(refused.exit, 8) << path;
    EXPECT_THAT(refused.err, HasSubstr(reason));
  }
  ASSERT_EQ(stamp("/tsa").exit, 0);
  EXPECT_THAT(stamp("/replay").err, HasSubstr("message imprint mismatch"));
  EXPECT_THAT(stamp("/tsa", {}).err, HasSubstr("certificate verify error"));
  EXPECT_EQ(stamp("/tsa", {"--ca", "nowhere"}).exit, 2);
  EXPECT_EQ(evidence({"verify"}).exit, 0);
}

TEST_F(Timestamps, ARunIsDatedAndOneWithoutAnAuthorityCompletesAllTheSame) {
  SKIP_WITHOUT_NAMESPACES();
  const auto example = std::filesystem::path(REACHPROOF_SOURCE_DIR) / "examples/quickstart";
  auto text = file_text(example / "lab.yaml");
  text.replace(text.find("name: quickstart\n"), 17, "name: LAB\n");
  const LabUp lab(folder_, text);
  ASSERT_TRUE(lab.is_up()) << lab.why_not();
  write_file(folder_ / "scenario.yaml", file_text(example / "scenario.yaml"));
  const auto run = [&](const std::string& url) {
    return reachproof(folder_, {"run", "-q", "-e", "run.db", "--tsa", url, "--ca", "tsa/ca.pem"});
  };
  const auto dated = run(url_ + "/tsa");
  EXPECT_EQ(dated.exit, 3) << dated.err;
  EXPECT_THAT(dated.err, HasSubstr("time stamp: the checkpoint of"));
  const auto undated = run("http://127.0.0.1:1/");
  EXPECT_EQ(undated.exit, 3) << undated.err;
  EXPECT_THAT(undated.err, HasSubstr("no time stamp from"));
  const auto verified = evidence({"verify", "-e", "run.db"});
  EXPECT_EQ(verified.exit, 0) << verified.out;
  EXPECT_THAT(verified.out, HasSubstr("has no time stamp"));
  EXPECT_EQ(run("ftp://127.0.0.1/").exit, 2);
}

TEST_F(Timestamps, TheAnswerToAnotherQuestionHasAnotherNonce) {
  const std::string data = "the same data";
  const auto asked = evidence::TimestampQuery::over(data);
  const auto again = evidence::TimestampQuery::over(data);
  write_file(folder_ / "tsa/query.tsq", asked->der);
  const auto signed_by_openssl =
      Program({"openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq",
               "-signer", "tsa.pem", "-inkey", "tsa.key", "-out", "answer.tsr"},
              folder_ / "tsa")
          .wait();
  ASSERT_EQ(signed_by_openssl.exit, 0) << signed_by_openssl.err;
  const auto answer = file_text(folder_ / "tsa/answer.tsr");
  const evidence::TimestampTrust trust{file_text(folder_ / "tsa/ca.pem")};
  EXPECT_TRUE(evidence::verify_reply(*asked, answer, trust).has_value());
  EXPECT_THAT(evidence::verify_reply(*again, answer, trust).error().message, HasSubstr("nonce"));
  EXPECT_TRUE(evidence::verify_token(data, answer, trust).has_value());
  EXPECT_FALSE(evidence::verify_token("other data", answer, trust).has_value());
}

// A few bytes of the encoding stand for nothing (versions, parameters); none changes what it says.
TEST_F(Timestamps, AFlippedByteOfATokenIsRefusedOrSaysTheSame) {
  exported();
  ASSERT_EQ(stamp("/tsa").exit, 0);
  const auto bundle = exported();
  const auto data = file_text(bundle / "checkpoints/last");
  const auto token = file_text(bundle / "checkpoints/last.tsr");
  const evidence::TimestampTrust trust{file_text(bundle / "tsa/ca.pem")};
  const auto sound = evidence::verify_token(data, token, trust);
  ASSERT_TRUE(sound.has_value());
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto flipped = token;
    flipped[i] = static_cast<char>(static_cast<unsigned char>(flipped[i]) ^ (1U << (i % 8)));
    const auto stamp = evidence::verify_token(data, flipped, trust);
    if (!stamp) continue;
    ++accepted;
    EXPECT_EQ(stamp->time, sound->time) << "byte " << i;
    EXPECT_FALSE(evidence::verify_token(data + " ", flipped, trust).has_value()) << "byte " << i;
  }
  EXPECT_LT(accepted, token.size() / 20);
}

TEST_F(Timestamps, ALogThatAServiceHoldsGetsItsTokenAllTheSame) {
  exported();
  const auto held = evidence::Log::open(log_.path(), "the service");
  ASSERT_TRUE(held.has_value());
  const auto stamped = stamp("/tsa");
  EXPECT_EQ(stamped.exit, 0) << stamped.err;
  EXPECT_THAT(stamped.err, HasSubstr("no record of this in the log"));
  const auto reader = evidence::LogReader::open(log_.path());
  EXPECT_FALSE(reader->stored_checkpoints()->back().token.empty());
  const auto unknown = evidence({"verify"});
  EXPECT_EQ(unknown.exit, 0) << unknown.out;
  EXPECT_THAT(unknown.out, HasSubstr("give one with --ca"));
  EXPECT_THAT(evidence({"verify", "--ca", "tsa/ca.pem"}).out, HasSubstr("existed on"));
  const auto bundle = exported();
  EXPECT_EQ(evidence({"verify", bundle.string()}).exit, 0);
  EXPECT_EQ(follow_the_guide(bundle).exit, 0);
}

}  // namespace
}  // namespace reachproof::testing
