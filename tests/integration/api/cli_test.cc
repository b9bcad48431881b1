#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/support/api_fixture.h"
#include "tests/support/program.h"
#include "tests/support/served.h"

/// The verbs that ask a service, as processes, with their exit codes.
namespace reachproof::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Verbs : public ::testing::Test {
 protected:
  /// As the holder of that token; `rpt_...` itself where it is none of the world's.
  reachproof::testing::Finished run(const std::string& token, std::vector<std::string> arguments) {
    const auto file = (folder / "token").string();
    std::filesystem::remove(file);
    if (!token.empty()) {
      testing::write_file(file, world.tokens.contains(token) ? world.tokens.at(token) : token);
      ::chmod(file.c_str(), 0600);
    }
    arguments.insert(arguments.end(), {"--server", server, "--token-file", file});
    return testing::reachproof(folder, std::move(arguments));
  }
  reachproof::testing::Finished shell(const std::string& command) {
    return testing::Program({"sh", "-c", command}, folder.path()).wait();
  }
  testing::TemporaryFolder folder;
  ApiWorld world;
  Served served{world.loop, [this](api::Request request, api::Reply reply) {
                  world.api->handle(std::move(request), std::move(reply));
                }};
  std::string server = "http://127.0.0.1:" + std::to_string(served.port());
};

TEST_F(Verbs, ShowWhatTheServiceKnows) {
  EXPECT_THAT(run("viewer", {"whoami"}).out, HasSubstr(world.id_of("viewer")));
  const auto findings = run("viewer", {"findings", "list"});
  EXPECT_THAT(findings.out, HasSubstr("finding-both"));
  EXPECT_EQ(findings.exit, 3) << findings.err;
  EXPECT_THAT(run("viewer", {"findings", "show", "finding-red"}).out, HasSubstr("X01/a/b/tcp/22"));
  EXPECT_THAT(run("viewer", {"schedule", "list"}).out, HasSubstr("0 1 * * *"));
  EXPECT_THAT(run("auditor", {"token", "list"}).out, HasSubstr("policy-editor"));
  EXPECT_THAT(run("viewer", {"api", "GET", "/api/v1/version"}).out, HasSubstr("\"api\":\"v1\""));
  const auto json = run("viewer", {"--output", "json", "schedule", "list"});
  EXPECT_EQ(boost::json::parse(json.out).at("kind").as_string(), "Schedules");
}

TEST_F(Verbs, ChangeWhatTheTokenMayChange) {
  EXPECT_EQ(run("operator", {"findings", "ack", "finding-red", "--note", "mine"}).exit, 0);
  EXPECT_EQ(run("operator", {"findings", "assign", "finding-red", "me"}).exit, 0);
  EXPECT_EQ(run("operator", {"schedule", "pause", "red", "--reason", "move"}).exit, 0);
  served.on_loop([&] {
    EXPECT_EQ(world.findings.findings.at("finding-red").state, "acknowledged");
    EXPECT_EQ(world.findings.findings.at("finding-red").assignee, "me");
    EXPECT_TRUE(world.schedules.schedules.at("red").paused);
  });
  EXPECT_EQ(run("operator", {"schedule", "resume", "red"}).exit, 0);
  EXPECT_THAT(run("auditor", {"audit", "list", "--limit", "3"}).out,
              HasSubstr("POST /api/v1/schedules/{name}:resume"));
}

TEST_F(Verbs, ATokenIsMadeUsedAndRevoked) {
  const auto made = run("admin", {"token", "create", "--name", "ci", "--role", "viewer"});
  ASSERT_EQ(made.exit, 0) << made.err;
  const auto token = made.out.substr(0, made.out.find('\n'));
  EXPECT_TRUE(token.starts_with("rpt_"));
  EXPECT_EQ(run(token, {"whoami"}).exit, 0);
  EXPECT_EQ(run("admin", {"token", "revoke", token.substr(4, 8)}).exit, 0);
  EXPECT_EQ(run(token, {"whoami"}).exit, 6);
}

TEST_F(Verbs, ExitCodesSayWhatWentWrong) {
  const auto none = run("", {"whoami"});
  EXPECT_EQ(none.exit, 6);
  EXPECT_THAT(none.err, HasSubstr("reachproof login"));
  EXPECT_EQ(run("viewer", {"schedule", "pause", "red"}).exit, 6);
  EXPECT_EQ(run("admin", {"findings", "show", "nothing"}).exit, 2);
  const auto wrong = run("admin", {"token", "create", "--name", "x", "--role", "king"});
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_THAT(wrong.err, HasSubstr("`king` is not a role"));
  EXPECT_EQ(run("admin", {"api", "GET", "/api/v1/nothing"}).exit, 2);
  server = "http://127.0.0.1:1";
  const auto gone = run("admin", {"whoami"});
  EXPECT_EQ(gone.exit, 8);
  EXPECT_THAT(gone.err, HasSubstr("http://127.0.0.1:1"));
  server = "http://192.0.2.1:80";
  EXPECT_EQ(run("admin", {"whoami"}).exit, 2) << "a token does not travel in plain";
}

TEST_F(Verbs, ATokenThatOthersMayReadIsNotUsed) {
  const auto file = (folder / "open").string();
  testing::write_file(file, world.tokens.at("viewer"));
  ::chmod(file.c_str(), 0644);
  const auto refused =
      testing::reachproof(folder, {"whoami", "--server", server, "--token-file", file});
  EXPECT_EQ(refused.exit, 2);
  EXPECT_THAT(refused.err, HasSubstr("others may read"));
}

TEST_F(Verbs, LoginKeepsATokenForItsUserAlone) {
  const auto file = (folder / "new/token").string();
  const auto login =
      testing::binary("reachproof") + " login --server " + server + " --token-file " + file;
  const auto in = shell("printf '%s\\n' " + world.tokens.at("viewer") + " | " + login);
  ASSERT_EQ(in.exit, 0) << in.err;
  struct stat facts {};
  ASSERT_EQ(::stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  EXPECT_EQ(testing::file_text(file), world.tokens.at("viewer") + "\n");
  EXPECT_THAT(in.out + in.err, Not(HasSubstr(world.tokens.at("viewer").substr(13))));
  EXPECT_EQ(shell("printf 'rpt_aaaaaaaa_x' | " + login).exit, 6);
  EXPECT_EQ(testing::file_text(file), world.tokens.at("viewer") + "\n") << "the good one stays";
  EXPECT_EQ(testing::reachproof(folder, {"logout", "--token-file", file}).exit, 0);
  EXPECT_FALSE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace reachproof::test
