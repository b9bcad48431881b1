#pragma once

#include <string>
#include <vector>

#include "protocol/codec.h"

/// One full message of each kind, and each kind at its smallest and its largest.
namespace reachproof::test {

inline core::IpAddress ip(const char* text) {
  return *core::IpAddress::parse(text);
}

inline core::Moment moment() {
  return {*core::parse_wall_time("2026-11-30T01:02:03.456Z"), 123456789};
}

inline protocol::Nonce nonce(std::uint8_t first) {
  protocol::Nonce nonce{};
  for (auto& byte : nonce) byte = first++;
  return nonce;
}

inline std::vector<protocol::Message> full_messages() {
  using namespace protocol;
  const core::ProtocolPort web{core::Protocol::Tcp, 443};
  const core::ProtocolPort dns{core::Protocol::Udp, 53};
  const std::vector<PortReport> reports{{web, Listener::Own}, {dns, Listener::Mute}};
  return {
      Hello{.version = 1,
            .software = "reachproof-probe 0.1.0",
            .host = "db-1",
            .pid = 42,
            .can_capture = true,
            .scope = "ab12",
            .now = moment()},
      Arm{.id = 7,
          .key = nonce(1),
          .addresses = {ip("10.0.0.1"), ip("fd00::1")},
          .ports = {{web, true}, {dns, false}}},
      Armed{.id = 7, .capture = true, .detail = "x", .ports = reports, .at = moment()},
      AttemptOrder{.id = 9,
                   .protocol = core::Protocol::Udp,
                   .address = ip("10.0.0.2"),
                   .port = 53,
                   .timeout = std::chrono::milliseconds(250),
                   .nonce = nonce(2),
                   .mss = 700,
                   .hostname = "db.example"},
      OutcomeReport{.id = 9,
                    .outcome = core::Outcome::Unreachable,
                    .icmp = core::IcmpError{3, 13, ip("10.0.0.254")},
                    .error_number = 113,
                    .source = ip("10.0.0.3"),
                    .source_port = 40000,
                    .elapsed_us = 1234,
                    .started = moment(),
                    .answer = {1, 2, 3},
                    .answered = true,
                    .first_hop_ms = 17,
                    .detail = "why"},
      Disarm{.id = 7,
             .tries = {{.id = 9,
                        .port = dns,
                        .source = ip("10.0.0.3"),
                        .source_port = 40000,
                        .mss = 700,
                        .nonce = nonce(2)}},
             .last = false},
      SightingReport{.id = 7,
                     .tries = {{.id = 9,
                                .sighting = {.arrived = true,
                                             .answer = core::HostAnswer::Reset,
                                             .seen_source = ip("10.0.0.9"),
                                             .seen_source_port = 5}}}},
      Done{.what = Done::What::Watch,
           .id = 7,
           .sound = true,
           .detail = "fine",
           .packets = 10,
           .dropped = 0,
           .ports = reports,
           .at = moment()},
      Stop{.reason = "window over"},
      Refused{.id = 9, .why = Refused::Why::Budget, .detail = "too fast"},
  };
}

/// With every list and text as long as it may be.
inline std::vector<protocol::Message> largest_messages() {
  using namespace protocol;
  const std::string text(kTextBytesMax, 'x');
  const auto address = ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  const core::ProtocolPort port{core::Protocol::Udp, 65535};
  const std::uint64_t id = std::uint64_t{1} << 53U;
  const std::vector<PortReport> reports(kListMax, {port, Listener::Unknown});
  Arm arm{.id = 0xffffffff, .addresses = std::vector(64, address)};
  arm.ports.assign(kListMax, {port, false});
  Disarm disarm{.id = 0xffffffff};
  disarm.tries.assign(kListMax, {.id = id,
                                 .port = port,
                                 .source = address,
                                 .source_port = 65535,
                                 .mss = 65535,
                                 .nonce = nonce(200)});
  SightingReport sightings{.id = 0xffffffff};
  sightings.tries.assign(kListMax,
                         {id, {false, core::HostAnswer::PortUnreachable, address, 65535}});
  return {arm,
          disarm,
          sightings,
          Armed{.detail = text, .ports = reports},
          Done{.detail = text, .packets = id, .dropped = id, .ports = reports},
          Stop{.reason = text},
          Hello{.software = text, .host = text, .scope = text}};
}

}  // namespace reachproof::test
