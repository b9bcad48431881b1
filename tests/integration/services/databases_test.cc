// Databases and caches as Debian ships them.
#include "tests/integration/services/real_server.h"

namespace reachproof::testing {
namespace {

using ::testing::HasSubstr;

class Redis : public ::testing::Test {
 protected:
  void serve(const std::vector<std::string>& more) {
    std::vector<std::string> command{installed("redis-server"),
                                     "--port",
                                     std::to_string(server_.port()),
                                     "--bind",
                                     "127.0.0.1",
                                     "--save",
                                     ""};
    command.insert(command.end(), more.begin(), more.end());
    server_.start(command);
  }
  void serve_over_tls(const std::vector<std::string>& more) {
    server_.make_certificates();
    std::vector<std::string> options{"--port",
                                     "0",
                                     "--tls-port",
                                     std::to_string(server_.port()),
                                     "--tls-cert-file",
                                     (server_ / "server.pem").string(),
                                     "--tls-key-file",
                                     (server_ / "server.key").string(),
                                     "--tls-ca-cert-file",
                                     (server_ / "ca.pem").string()};
    options.insert(options.end(), more.begin(), more.end());
    serve(options);
  }
  static core::Ask over_tls() {
    auto question = service("redis");
    question.over_tls = true;
    return question;
  }
  RealServer server_;
};

TEST_F(Redis, WithoutAPasswordItAnswersAStranger) {
  SKIP_WITHOUT("redis-server");
  serve({});
  EXPECT_THAT(ask(service("redis"), server_.port()), Is(State::Answered));
}

TEST_F(Redis, ThatDemandsAPasswordRefuses) {
  SKIP_WITHOUT("redis-server");
  serve({"--requirepass", "a long one"});
  const auto exchange = ask(service("redis"), server_.port());
  EXPECT_THAT(exchange, Is(State::Refused));
  EXPECT_THAT(exchange.says, HasSubstr("NOAUTH"));
}

TEST_F(Redis, OverTlsIsAskedOverTls) {
  SKIP_WITHOUT("redis-server");
  serve_over_tls({"--tls-auth-clients", "no"});
  const auto exchange = ask(over_tls(), server_.port());
  EXPECT_THAT(exchange, Is(State::Answered));
  EXPECT_EQ(exchange.version, "1.3");
}

TEST_F(Redis, OverMutualTlsRefusesAStranger) {
  SKIP_WITHOUT("redis-server");
  serve_over_tls({});
  EXPECT_THAT(ask(over_tls(), server_.port()), Is(State::Refused));
}

class Postgres : public ::testing::Test {
 protected:
  /// PostgreSQL refuses to be root.
  std::vector<std::string> as_postgres(std::vector<std::string> command) const {
    if (geteuid() != 0) return command;
    command.insert(command.begin(),
                   {"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"});
    return command;
  }
  void serve(const std::string& method) {
    const auto data = server_ / "data";
    std::filesystem::create_directories(data);
    if (const auto* user = getpwnam("postgres"); geteuid() == 0 && user != nullptr) {
      for (const auto& place : {server_ / "", data}) {
        ASSERT_EQ(chown(place.c_str(), user->pw_uid, user->pw_gid), 0);
      }
    }
    server_.prepare(as_postgres({installed("initdb"), "-D", data.string(), "-U", "reachproof",
                                 "--auth=trust", "--no-sync"}));
    std::filesystem::permissions(data / "pg_hba.conf", std::filesystem::perms::all);
    server_.write("data/pg_hba.conf", "host all all 127.0.0.1/32 " + method + "\n");
    server_.start(as_postgres({installed("postgres"), "-D", data.string(), "-p",
                               std::to_string(server_.port()), "-h", "127.0.0.1", "-k",
                               data.string(), "-F"}));
    // It takes connections before it is ready to answer them.
    for (int i = 0; i < 200; ++i) {
      const auto ready = Program({installed("pg_isready"), "-q", "-h", "127.0.0.1", "-p",
                                  std::to_string(server_.port())},
                                 data.parent_path() / "prepare")
                             .wait();
      if (ready.exit == 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ADD_FAILURE() << "PostgreSQL does not get ready";
  }
  RealServer server_;
};

TEST_F(Postgres, IsRecognisedByItsAnswerToSslRequest) {
  SKIP_WITHOUT("initdb");
  serve("scram-sha-256");
  EXPECT_THAT(ask(service("postgresql"), server_.port()), Is(State::Answered));
}

TEST_F(Postgres, ThatDemandsAPasswordRefusesAStranger) {
  SKIP_WITHOUT("initdb");
  serve("scram-sha-256");
  EXPECT_THAT(ask(service("postgresql", true), server_.port()), Is(State::Refused));
}

TEST_F(Postgres, ThatTrustsEveryoneLetsAStrangerIn) {
  SKIP_WITHOUT("initdb");
  serve("trust");
  EXPECT_THAT(ask(service("postgresql", true), server_.port()), Is(State::Answered));
}

TEST_F(Postgres, ThatRejectsTheHostRefuses) {
  SKIP_WITHOUT("initdb");
  serve("reject");
  const auto exchange = ask(service("postgresql", true), server_.port());
  EXPECT_THAT(exchange, Is(State::Refused));
  EXPECT_THAT(exchange.says, HasSubstr("28000"));
}

TEST(Mysql, GreetsWithItsVersion) {
  SKIP_WITHOUT("mariadbd");
  RealServer server;
  const auto data = (server / "data").string();
  const auto user = geteuid() == 0 ? "root" : std::string(getpwuid(geteuid())->pw_name);
  server.prepare({"mariadb-install-db", "--no-defaults", "--user=" + user, "--datadir=" + data,
                  "--skip-test-db"});
  server.start({installed("mariadbd"), "--no-defaults", "--user=" + user, "--datadir=" + data,
                "--bind-address=127.0.0.1", "--port=" + std::to_string(server.port()),
                "--socket=" + (server / "socket").string()});
  const auto exchange = ask(service("mysql"), server.port());
  // 127.0.0.1 may be nobody whom it lets connect: error 1130 is its refusal.
  EXPECT_THAT(exchange.state, ::testing::AnyOf(State::Answered, State::Refused)) << exchange.says;
  EXPECT_THAT(exchange.says, ::testing::AnyOf(HasSubstr("MariaDB"), HasSubstr("1130")));
}

}  // namespace
}  // namespace reachproof::testing
