// A name through a resolver (RFC 1035). c-ares makes the question and reads the answer; the engine
// sends it, so that silence and ICMP errors are told apart as for every try.
#include <ares.h>
#include <arpa/nameser.h>

#include <array>
#include <memory>

#include "probe/dialogue/dialogue.h"

namespace reachproof::probe {
namespace {

using State = core::Exchange::State;

constexpr int kRecordsMax = 32;

/// An address as c-ares has it, in network order.
template <class Address>
const std::uint8_t* bytes_of(const Address& address) {
  return reinterpret_cast<const std::uint8_t*>(&address);
}

class Dns : public Dialogue {
 public:
  Dns(const core::Ask& ask, bool datagrams)
      : name_(ask.name), v6_(ask.type == core::DnsType::Aaaa), datagrams_(datagrams) {}

  std::string opening() override {
    unsigned char* question = nullptr;
    int size = 0;
    const int made = ares_create_query(name_.c_str(), ns_c_in, v6_ ? ns_t_aaaa : ns_t_a, id_, 1,
                                       &question, &size, 1232);
    if (made != ARES_SUCCESS) return "";
    const std::unique_ptr<unsigned char, decltype(&ares_free_string)> owner(question,
                                                                            ares_free_string);
    const std::string message(reinterpret_cast<char*>(question), static_cast<std::size_t>(size));
    return datagrams_ ? message : put_be16(static_cast<std::uint32_t>(size)) + message;
  }

  Step take(std::string_view input) override {
    std::string_view message = input;
    if (!datagrams_) {
      if (input.size() < 2) return more();
      if (input.size() < be16(input, 0) + 2U) return more();
      message = input.substr(2, be16(input, 0));
    }
    constexpr std::size_t kHeader = 12;
    const auto flags = be16(message, 2);
    if (message.size() < kHeader || be16(message, 0) != id_ || (flags & 0x8000U) == 0) {
      return garbled(input);
    }
    const auto code = static_cast<int>(flags & 0xfU);
    constexpr int kNoSuchName = 3;
    constexpr int kRefused = 5;
    if (code == kNoSuchName || code == kRefused) {
      return over(State::Refused, code == kRefused ? "the resolver refuses" : "no such name", code);
    }
    // SERVFAIL and the like are no answer to the question.
    if (code != 0) return over(State::Silent, "the resolver failed", code);
    auto step = over(State::Answered, "");
    if (!read_addresses(message, step.exchange)) return garbled(input);
    const bool truncated = (flags & 0x0200U) != 0;
    if (step.exchange.names.empty()) {
      if (truncated) return over(State::Silent, "the answer was cut off: ask over TCP");
      return over(State::Refused, "the name has no such record", 0);
    }
    return step;
  }

 private:
  bool read_addresses(std::string_view message, core::Exchange& exchange) const {
    const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
    const int size = static_cast<int>(message.size());
    int count = kRecordsMax;
    if (v6_) {
      std::array<ares_addr6ttl, kRecordsMax> found{};
      const int read = ares_parse_aaaa_reply(bytes, size, nullptr, found.data(), &count);
      if (read == ARES_ENODATA) return true;
      if (read != ARES_SUCCESS) return false;
      for (int i = 0; i < count; ++i) {
        exchange.names.push_back(
            core::IpAddress::v6(bytes_of(found[static_cast<std::size_t>(i)].ip6addr)).text());
      }
      return true;
    }
    std::array<ares_addrttl, kRecordsMax> found{};
    const int read = ares_parse_a_reply(bytes, size, nullptr, found.data(), &count);
    if (read == ARES_ENODATA) return true;
    if (read != ARES_SUCCESS) return false;
    for (int i = 0; i < count; ++i) {
      exchange.names.push_back(
          core::IpAddress::v4(bytes_of(found[static_cast<std::size_t>(i)].ipaddr)).text());
    }
    return true;
  }

  std::string name_;
  bool v6_;
  bool datagrams_;
  unsigned short id_ = static_cast<unsigned short>(random_id());
};

}  // namespace

std::unique_ptr<Dialogue> make_dns(const core::Ask& ask, bool datagrams) {
  return std::make_unique<Dns>(ask, datagrams);
}

}  // namespace reachproof::probe
