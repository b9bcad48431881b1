// Services described in ASN.1: LDAP (RFC 4511, the anonymous root DSE of RFC 4512 section 5.1),
// Kerberos (RFC 4120, an AS-REQ of a realm that nobody has), SNMP (RFC 3414 section 4, engine
// discovery: no community, no user).
#include <fmt/core.h>

#include "probe/dialogue/ber.h"
#include "probe/dialogue/dialogue.h"

namespace reachproof::probe {
namespace {

using namespace std::string_literals;
using State = core::Exchange::State;

class Ldap : public Dialogue {
 public:
  std::string opening() override {
    const std::string attributes =
        ber(0x04, "supportedLDAPVersion") + ber(0x04, "vendorName") + ber(0x04, "namingContexts");
    const std::string request = ber(0x04, "") + ber_integer(0, 0x0a) + ber_integer(0, 0x0a) +
                                ber_integer(1) + ber_integer(5) + ber(0x01, "\0"s) +
                                ber(0x87, "objectClass") + ber(0x30, attributes);
    return ber(0x30, ber_integer(1) + ber(0x63, request));
  }

  Step take(std::string_view input) override {
    if (input[0] != '\x30') return garbled(input);
    std::size_t whole = 0;
    const auto message = read_ber(input, whole);
    if (!message) return whole > kDialogueBytesMax ? garbled(input) : more();
    const auto id = read_ber(message->contents);
    if (!id || id->tag != 0x02) return garbled(input);
    const auto operation = read_ber(id->rest);
    if (!operation || (ber_number(id->contents) != 1 && ber_number(id->contents) != 0)) {
      return garbled(input);
    }
    constexpr std::uint8_t kEntry = 0x64;
    constexpr std::uint8_t kDone = 0x65;
    constexpr std::uint8_t kNotice = 0x78;  // of disconnection, with id 0
    if (operation->tag == kEntry)
      return farewell(over(State::Answered, "the root DSE is readable"));
    if (operation->tag != kDone && operation->tag != kNotice) return garbled(input);
    const auto result = read_ber(operation->contents);
    if (!result || result->tag != 0x0a) return garbled(input);
    const int code = ber_number(result->contents);
    // operationsError (what Active Directory says to whoever has not bound), strongerAuthRequired,
    // inappropriateAuthentication, insufficientAccessRights,
    // unwillingToPerform (OpenLDAP where it requires authentication).
    const bool refused = code == 1 || code == 8 || code == 48 || code == 50 || code == 53;
    return farewell(over(refused ? State::Refused : State::Answered,
                         fmt::format("LDAP result {}", code), code));
  }

 private:
  static Step farewell(Step step) {
    step.send = ber(0x30, ber_integer(2) + ber(0x42, ""));  // unbind
    return step;
  }
};

class Kerberos : public Dialogue {
 public:
  explicit Kerberos(bool datagrams) : datagrams_(datagrams) {}
  std::string opening() override {
    const std::string realm = "REACHPROOF.INVALID";
    const auto tagged = [](int number, const std::string& inner) {
      return ber(static_cast<std::uint8_t>(0xa0 + number), inner);
    };
    const auto principal = [&](int type, const std::string& names) {
      return ber(0x30, tagged(0, ber_integer(static_cast<std::uint32_t>(type))) +
                           tagged(1, ber(0x30, names)));
    };
    const std::string body =
        tagged(0, ber(0x03, "\0\0\0\0\0"s)) + tagged(1, principal(1, ber(0x1b, "reachproof"))) +
        tagged(2, ber(0x1b, realm)) +
        tagged(3, principal(2, ber(0x1b, "krbtgt") + ber(0x1b, realm))) +
        tagged(5, ber(0x18, "19700101000000Z")) + tagged(7, ber_integer(random_id())) +
        tagged(8, ber(0x30, ber_integer(18) + ber_integer(17)));
    const std::string request =
        ber(0x6a, ber(0x30, tagged(1, ber_integer(5)) + tagged(2, ber_integer(10)) +
                                tagged(4, ber(0x30, body))));
    return datagrams_ ? request : put_be32(static_cast<std::uint32_t>(request.size())) + request;
  }

  Step take(std::string_view input) override {
    std::string_view body = input;
    if (!datagrams_) {
      if (input.size() < 5) return more();
      const auto size = be32(input, 0);
      if (size < 8 || size > 16384) return garbled(input);
      if (input.size() < size + 4U) return more();
      body = input.substr(4, size);
    }
    const auto message = read_ber(body);
    constexpr std::uint8_t kError = 0x7e;
    constexpr std::uint8_t kReply = 0x6b;
    if (!message || (message->tag != kError && message->tag != kReply)) return garbled(input);
    const auto sequence = read_ber(message->contents);
    const auto version = sequence ? read_ber(sequence->contents) : std::nullopt;
    const auto number = version ? read_ber(version->contents) : std::nullopt;
    if (!number || ber_number(number->contents) != 5) return garbled(input);
    return over(State::Answered, "Kerberos 5");
  }

 private:
  bool datagrams_;
};

class Snmp : public Dialogue {
 public:
  std::string opening() override {
    const auto global =
        ber(0x30, ber_integer(id_) + ber_integer(65507) + ber(0x04, "\x04") + ber_integer(3));
    const auto security = ber(0x30, ber(0x04, "") + ber_integer(0) + ber_integer(0) +
                                        ber(0x04, "") + ber(0x04, "") + ber(0x04, ""));
    const auto pdu = ber(
        0x30, ber(0x04, "") + ber(0x04, "") +
                  ber(0xa0, ber_integer(id_) + ber_integer(0) + ber_integer(0) + ber(0x30, "")));
    return ber(0x30, ber_integer(3) + global + ber(0x04, security) + pdu);
  }

  Step take(std::string_view input) override {
    const auto message = read_ber(input);
    const auto version =
        message && message->tag == 0x30 ? read_ber(message->contents) : std::nullopt;
    if (!version || version->tag != 0x02 || ber_number(version->contents) != 3) {
      return garbled(input);
    }
    const auto global = read_ber(version->rest);
    const auto id = global ? read_ber(global->contents) : std::nullopt;
    if (!id || ber_number(id->contents) != static_cast<int>(id_)) return garbled(input);
    const auto security = read_ber(global->rest);
    const auto scoped = security ? read_ber(security->rest) : std::nullopt;
    const auto engine = scoped ? read_ber(scoped->contents) : std::nullopt;
    const auto context = engine ? read_ber(engine->rest) : std::nullopt;
    const auto pdu = context ? read_ber(context->rest) : std::nullopt;
    constexpr std::uint8_t kReport = 0xa8;
    if (!pdu || pdu->tag != kReport) return garbled(input);
    return over(State::Answered, "SNMPv3 engine");
  }

 private:
  std::uint32_t id_ = random_id();
};

}  // namespace

std::unique_ptr<Dialogue> make_directory(const std::string& service, bool datagrams) {
  if (service == "ldap") return std::make_unique<Ldap>();
  if (service == "kerberos") return std::make_unique<Kerberos>(datagrams);
  if (service == "snmp") return std::make_unique<Snmp>();
  return nullptr;
}

}  // namespace reachproof::probe
