#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <vector>

#include "protocol/message.h"
#include "tests/integration/second_opinion/task.h"

namespace reachproof::second_opinion {

/// What is tried: these ports of one address.
struct Question {
  core::Protocol protocol = core::Protocol::Tcp;
  core::IpAddress address;
  std::vector<core::Port> ports;
  std::chrono::milliseconds patience{1000};  ///< for one answer
};

/// The real probe in a host, asked over its standard streams as the orchestrator does.
class ProbeOpinion {
 public:
  /// Starts the probe and gives it its orders.
  ProbeOpinion(const lab::Lab& lab, const std::string& host, const Question& question);
  /// Waits for the outcome of every port.
  std::map<core::Port, protocol::OutcomeReport> outcomes();

 private:
  Question question_;
  Task task_;
};

}  // namespace reachproof::second_opinion
