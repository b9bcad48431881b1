#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "lab/lab.h"

/// A small language for tests with real labs: bring one up, try things from inside its hosts.
namespace reachproof::lab {

/// What came of one attempt, in one word or two: "connected", "refused", "timed-out",
/// "icmp 3/13", "icmp6 1/1", with "from ADDRESS" for ICMP errors.
std::string tcp(const std::string& address, int port, int timeout_ms = 700);

/// What came back from a datagram, or "silent", or "icmp T/C from ADDRESS".
std::string udp(const std::string& address, int port, const std::string& text,
                int timeout_ms = 1500);

/// Connects, sends, and returns all that came until the peer closed.
std::string talk(const std::string& address, int port, const std::string& text);

/// Brings labs up under unique names, and takes them down whatever happens.
class LabTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// Puts "version: 1" and a unique name before the text, loads it, brings it up.
  void bring_up(const std::string& text);
  /// The same without the demand that it succeeds.
  Result<UpReport> try_up(const std::string& text);
  /// Runs a function inside a host, in a process of its own, and returns what it returned.
  std::string inside(const std::string& host, const std::function<std::string()>& function);

  Lab lab_;
  std::string name_;
  UpOptions options_;
};

/// Whether labs can be made here at all, as this user.
bool labs_are_possible();
/// The path of the helper program.
std::string lab_tool();
/// Writes a lab file to a directory that everybody can read, and returns its path.
std::string lab_file_named(const std::string& name, const std::string& text);
/// Runs a shell command and returns its output and exit code, "CODE OUTPUT".
std::string shell(const std::string& command);

}  // namespace reachproof::lab
