// Remote administration and files: SMB (MS-SMB2 2.2.3 NEGOTIATE), RDP (MS-RDPBCGR 2.2.1.1, X.224
// connection request), ONC RPC (RFC 5531, the NULL procedure) of rpcbind and of NFS.
#include <fmt/core.h>

#include "probe/dialogue/dialogue.h"

namespace reachproof::probe {
namespace {

using namespace std::string_literals;
using State = core::Exchange::State;

class Smb : public Dialogue {
 public:
  std::string opening() override {
    // Header: structure size 64, command 0 (NEGOTIATE), one credit; then four dialects.
    const std::string header = "\xfeSMB"s + put_le16(64) + put_le16(0) + put_le32(0) + put_le16(0) +
                               put_le16(1) + std::string(48, '\0');
    const std::string body = put_le16(36) + put_le16(4) + put_le16(1) + put_le16(0) + put_le32(0) +
                             std::string(16, 'r') + std::string(8, '\0') + put_le16(0x0202) +
                             put_le16(0x0210) + put_le16(0x0300) + put_le16(0x0302);
    const auto size = static_cast<std::uint32_t>(header.size() + body.size());
    return put_be32(size) + header + body;
  }

  Step take(std::string_view input) override {
    if (input.size() < 4) return more();
    const auto size = be32(input, 0);
    if (size < 64 + 6 || size > 0xffff) return garbled(input);
    if (input.size() < size + 4U) return more();
    const auto message = input.substr(4, size);
    if (!message.starts_with("\xfeSMB") || le16(message, 4) != 64 || le16(message, 12) != 0 ||
        (le32(message, 16) & 1U) == 0) {
      return garbled(input);
    }
    const auto status = le32(message, 8);
    if (status != 0) return over(State::Answered, fmt::format("SMB2, status {:08x}", status));
    return over(State::Answered, fmt::format("SMB2 dialect {:04x}", le16(message, 68)));
  }
};

class Rdp : public Dialogue {
 public:
  std::string opening() override {
    // TPKT, X.224 connection request, RDP negotiation request for TLS and CredSSP.
    return "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00"s;
  }

  Step take(std::string_view input) override {
    if (input.size() < 4) return input[0] == '\x03' ? more() : garbled(input);
    const auto size = be16(input, 2);
    if (input[0] != '\x03' || input[1] != '\0' || size < 11 || size > 512) return garbled(input);
    if (input.size() < size) return more();
    constexpr unsigned kConfirm = 0xd0;
    if ((static_cast<std::uint8_t>(input[5]) & 0xf0U) != kConfirm) return garbled(input);
    if (size < 19) return over(State::Answered, "RDP, standard security");
    const int type = input[11];
    const auto value = le32(input, 15);
    if (type == 2) return over(State::Answered, fmt::format("RDP, protocol {}", value));
    if (type == 3) return over(State::Answered, fmt::format("RDP, negotiation failure {}", value));
    return garbled(input);
  }
};

class Rpc : public Dialogue {
 public:
  Rpc(std::uint32_t program, std::uint32_t version, bool datagrams)
      : program_(program), version_(version), datagrams_(datagrams) {}

  std::string opening() override {
    const std::string call = put_be32(id_) + put_be32(0) + put_be32(2) + put_be32(program_) +
                             put_be32(version_) + put_be32(0) + std::string(16, '\0');
    if (datagrams_) return call;
    return put_be32(0x80000000U | static_cast<std::uint32_t>(call.size())) + call;
  }

  Step take(std::string_view input) override {
    std::string_view body = input;
    if (!datagrams_) {
      if (input.size() < 4) return more();
      const auto size = be32(input, 0) & 0x7fffffffU;
      if (size < 12 || size > 4096) return garbled(input);
      if (input.size() < size + 4U) return more();
      body = input.substr(4, size);
    }
    if (body.size() < 12 || be32(body, 0) != id_ || be32(body, 4) != 1) return garbled(input);
    if (be32(body, 8) == 1) return over(State::Refused, "the RPC was denied");
    const auto verifier = be32(body, 16);
    if (be32(body, 8) != 0 || verifier > 400 || body.size() < 24 + verifier) return garbled(input);
    switch (be32(body, 20 + verifier)) {
      case 0:
        return over(State::Answered, fmt::format("RPC program {}", program_));
      case 1:
        return over(State::Garbled, fmt::format("RPC is there, program {} is not", program_));
      default:
        return over(State::Answered, fmt::format("RPC program {}, another version", program_));
    }
  }

 private:
  std::uint32_t program_;
  std::uint32_t version_;
  bool datagrams_;
  std::uint32_t id_ = random_id();
};

}  // namespace

std::unique_ptr<Dialogue> make_remote(const std::string& service, bool datagrams) {
  if (service == "smb") return std::make_unique<Smb>();
  if (service == "rdp") return std::make_unique<Rdp>();
  if (service == "rpcbind") return std::make_unique<Rpc>(100000, 2, datagrams);
  if (service == "nfs") return std::make_unique<Rpc>(100003, 3, datagrams);
  return nullptr;
}

}  // namespace reachproof::probe
