// Remote administration, files, mail and imaging as Debian ships them.
#include "tests/integration/services/real_server.h"

namespace reachproof::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Ssh, IsKnownByItsIdentification) {
  SKIP_WITHOUT("sshd");
  RealServer server;
  std::error_code ignored;  // as somebody else than root, sshd needs no such folder
  std::filesystem::create_directories("/run/sshd", ignored);
  server.prepare({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", (server / "key").string()});
  server.start({installed("sshd"), "-D", "-e", "-f", "/dev/null", "-h", (server / "key").string(),
                "-o", "ListenAddress=127.0.0.1", "-p", std::to_string(server.port())});
  const auto exchange = ask(service("ssh"), server.port());
  EXPECT_THAT(exchange, Is(State::Answered));
  EXPECT_THAT(exchange.says, StartsWith("SSH-2.0-OpenSSH"));
  // What is asked of it in another protocol it does not answer in that.
  EXPECT_THAT(ask(service("redis"), server.port()), Is(State::Garbled));
  EXPECT_THAT(ask({.layer = core::Layer::Http}, server.port()), Is(State::Garbled));
  EXPECT_THAT(ask({.layer = core::Layer::Tls}, server.port()), Is(State::Garbled));
}

TEST(Smb, NegotiatesADialect) {
  SKIP_WITHOUT("smbd");
  if (geteuid() != 0) GTEST_SKIP() << "smbd runs as root alone";
  RealServer server;
  for (const auto* folder : {"private", "lock", "state", "cache", "pid", "ncalrpc"}) {
    std::filesystem::create_directories(server / folder);
  }
  const auto at = [&](const char* name) { return (server / name).string(); };
  server.write("smb.conf",
               fmt::format("[global]\n  server role = standalone\n  smb ports = {}\n"
                           "  interfaces = 127.0.0.1\n  bind interfaces only = yes\n"
                           "  disable netbios = yes\n  private dir = {}\n  lock dir = {}\n"
                           "  state directory = {}\n  cache directory = {}\n  pid directory = {}\n"
                           "  ncalrpc dir = {}\n",
                           server.port(), at("private"), at("lock"), at("state"), at("cache"),
                           at("pid"), at("ncalrpc")));
  server.start({"setsid", installed("smbd"), "-F", "--no-process-group", "-s", at("smb.conf"), "-l",
                at("cache"), "--debug-stdout"});
  const auto exchange = ask(service("smb"), server.port());
  EXPECT_THAT(exchange, Is(State::Answered));
  EXPECT_THAT(exchange.says, HasSubstr("SMB2 dialect 03"));
}

TEST(Ftp, GreetsWith220) {
  SKIP_WITHOUT("vsftpd");
  RealServer server;
  std::filesystem::create_directories(server / "empty");
  server.write("vsftpd.conf",
               fmt::format("listen=YES\nlisten_address=127.0.0.1\nlisten_port={}\nbackground=NO\n"
                           "anonymous_enable=NO\nlocal_enable=YES\nsecure_chroot_dir={}\n"
                           "seccomp_sandbox=NO\nrun_as_launching_user=YES\n",
                           server.port(), (server / "empty").string()));
  server.start({installed("vsftpd"), (server / "vsftpd.conf").string()});
  EXPECT_THAT(ask(service("ftp"), server.port()), Is(State::Answered));
}

class Storescp : public ::testing::Test {
 protected:
  void serve(const std::vector<std::string>& more) {
    std::vector<std::string> command{installed("storescp")};
    command.insert(command.end(), more.begin(), more.end());
    command.push_back(std::to_string(server_.port()));
    server_.start(command);
  }
  RealServer server_;
};

TEST_F(Storescp, AcceptsAnAssociationAndAnEcho) {
  SKIP_WITHOUT("storescp");
  serve({});
  const auto associated = ask(service("dicom"), server_.port());
  EXPECT_THAT(associated, Is(State::Answered));
  EXPECT_THAT(associated.says, HasSubstr("association accepted"));
  const auto echoed = ask(service("dicom", true), server_.port());
  EXPECT_THAT(echoed, Is(State::Answered));
  EXPECT_THAT(echoed.says, HasSubstr("C-ECHO status 0000"));
}

TEST_F(Storescp, ThatRejectsTheAssociationRefuses) {
  SKIP_WITHOUT("storescp");
  serve({"--refuse"});
  const auto exchange = ask(service("dicom"), server_.port());
  EXPECT_THAT(exchange, Is(State::Refused));
  EXPECT_THAT(exchange.says, HasSubstr("rejected"));
}

TEST(Rdp, ConfirmsTheConnection) {
  SKIP_WITHOUT("xrdp");
  RealServer server;
  server.make_certificates();
  server.write("xrdp.ini",
               fmt::format("[Globals]\nini_version=1\nport=tcp://127.0.0.1:{}\n"
                           "security_layer=negotiate\ncertificate={}\nkey_file={}\n"
                           "[Logging]\nLogFile={}\nLogLevel=ERROR\nEnableSyslog=false\n"
                           "[Xorg]\nname=Xorg\nlib=libxup.so\n",
                           server.port(), (server / "server.pem").string(),
                           (server / "server.key").string(), (server / "xrdp.log").string()));
  server.start({installed("xrdp"), "--nodaemon", "--config", (server / "xrdp.ini").string()});
  const auto exchange = ask(service("rdp"), server.port());
  EXPECT_THAT(exchange, Is(State::Answered));
  EXPECT_THAT(exchange.says, HasSubstr("RDP"));
}

}  // namespace
}  // namespace reachproof::testing
