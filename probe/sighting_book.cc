#include "probe/sighting_book.h"

#include <algorithm>

namespace reachproof::probe {
namespace {

bool looks_like_a_try(const Packet& packet) {
  if (packet.kind == Packet::Kind::Syn) return packet.mss <= kMarkedMssMax;
  return packet.payload_bytes == protocol::Nonce{}.size();
}

core::HostAnswer answer_of(const Packet& icmp) {
  const bool port = icmp.ends.source.family() == core::Family::V4
                        ? icmp.icmp_type == 3 && icmp.icmp_code == 3
                        : icmp.icmp_type == 1 && icmp.icmp_code == 4;
  return port ? core::HostAnswer::PortUnreachable : core::HostAnswer::OtherIcmp;
}

}  // namespace

void SightingBook::watch(const std::vector<core::ProtocolPort>& ports,
                         const std::set<core::ProtocolPort>& asked) {
  watched_.insert(ports.begin(), ports.end());
  asked_.insert(asked.begin(), asked.end());
}

void SightingBook::note(const Packet& packet) {
  // Between two addresses of one host libpcap shows each packet once, as coming in.
  const bool within_host =
      local_.contains(packet.ends.source) && local_.contains(packet.ends.destination);
  const bool by_host = packet.outgoing || within_host;
  switch (packet.kind) {
    case Packet::Kind::Syn:
      if (!packet.outgoing) open(packet);
      return;
    case Packet::Kind::Datagram:
      if (by_host) answer(packet.ends.reversed(), core::HostAnswer::Accepted);
      if (!packet.outgoing) open(packet);
      return;
    case Packet::Kind::SynAck:
      if (by_host) answer(packet.ends.reversed(), core::HostAnswer::Accepted);
      return;
    case Packet::Kind::Reset:
      if (by_host) answer(packet.ends.reversed(), core::HostAnswer::Reset);
      return;
    case Packet::Kind::IcmpError:
      if (by_host) answer(packet.ends, answer_of(packet));
      return;
  }
}

void SightingBook::open(const Packet& packet) {
  const auto& ends = packet.ends;
  if (!watched_.contains({ends.protocol, ends.destination_port})) return;
  if (!local_.contains(ends.destination)) return;
  const bool asked = packet.kind == Packet::Kind::Datagram &&
                     asked_.contains({ends.protocol, ends.destination_port});
  const bool likely = asked || looks_like_a_try(packet);
  // Datagrams of another length are the service's own traffic.
  if (!likely && packet.kind == Packet::Kind::Datagram) return;
  if (openings_.contains(ends)) return;  // a retransmission
  if (openings_.size() >= entries_max_) {
    overflowed_ = overflowed_ || likely;
    return;
  }
  Opening opening{.mss = packet.mss};
  if (asked || packet.payload.size() >= protocol::Nonce{}.size()) {
    protocol::Nonce nonce{};
    std::copy_n(packet.payload.begin(), std::min(packet.payload.size(), nonce.size()),
                nonce.begin());
    opening.nonce = nonce;
  }
  openings_.emplace(ends, opening);
}

void SightingBook::answer(const Ends& opening_ends, core::HostAnswer answer) {
  const auto it = openings_.find(opening_ends);
  if (it == openings_.end()) return;
  // Having accepted outweighs whatever came later: a service may reset what it accepted.
  if (it->second.answer != core::HostAnswer::Accepted) it->second.answer = answer;
}

const SightingBook::Entry* SightingBook::exact(const protocol::ExpectedTry& wanted,
                                               const std::set<const Entry*>& taken) const {
  const auto from = Ends{wanted.port.protocol, wanted.source, wanted.source_port, {}, 0};
  for (auto it = openings_.lower_bound(from); it != openings_.end(); ++it) {
    const auto& ends = it->first;
    if (ends.protocol != wanted.port.protocol || ends.source != wanted.source ||
        ends.source_port != wanted.source_port) {
      break;
    }
    // The kernel may give one source port to tries at several addresses of this host.
    if (ends.destination_port == wanted.port.port && !taken.contains(&*it)) return &*it;
  }
  return nullptr;
}

const SightingBook::Entry* SightingBook::through_nat(const protocol::ExpectedTry& wanted,
                                                     const std::set<const Entry*>& taken) const {
  const Entry* by_mark = nullptr;
  for (const auto& entry : openings_) {
    const auto& ends = entry.first;
    if (ends.protocol != wanted.port.protocol || ends.destination_port != wanted.port.port ||
        taken.contains(&entry)) {
      continue;
    }
    if (wanted.port.protocol != core::Protocol::Tcp) {
      if (wanted.nonce && entry.second.nonce == wanted.nonce) return &entry;
      continue;
    }
    const bool same_mark = wanted.mss != 0 && entry.second.mss == wanted.mss;
    // A clamped mark is smaller than what was announced; the source port then has to do alone.
    const bool same_port = ends.source_port == wanted.source_port;
    if (same_mark && same_port) return &entry;
    if (same_mark || (same_port && entry.second.mss < wanted.mss)) by_mark = &entry;
  }
  return by_mark;
}

std::vector<protocol::SeenTry> SightingBook::look_up(
    const std::vector<protocol::ExpectedTry>& tries) const {
  std::vector<const Entry*> found(tries.size(), nullptr);
  std::set<const Entry*> taken;
  for (std::size_t i = 0; i < tries.size(); ++i) {
    // A try that never left has no ends to be recognised by.
    if (tries[i].source_port == 0) continue;
    found[i] = exact(tries[i], taken);
    if (found[i] != nullptr) taken.insert(found[i]);
  }
  std::vector<protocol::SeenTry> seen;
  seen.reserve(tries.size());
  for (std::size_t i = 0; i < tries.size(); ++i) {
    if (found[i] == nullptr && tries[i].source_port != 0) {
      found[i] = through_nat(tries[i], taken);
      if (found[i] != nullptr) taken.insert(found[i]);
    }
    protocol::SeenTry answer{.id = tries[i].id, .sighting = {}};
    if (found[i] != nullptr) {
      answer.sighting = {.arrived = true,
                         .answer = found[i]->second.answer,
                         .seen_source = found[i]->first.source,
                         .seen_source_port = found[i]->first.source_port};
    }
    seen.push_back(answer);
  }
  return seen;
}

}  // namespace reachproof::probe
