// Clinical protocols: DICOM (PS3.8 section 9.3, A-ASSOCIATE with the Verification SOP class, and
// PS3.7 section 9.1.5, C-ECHO), HL7 v2 over MLLP (Transport Specification: MLLP, Release 1).
#include <fmt/chrono.h>
#include <fmt/core.h>

#include <chrono>

#include "probe/dialogue/dialogue.h"

namespace reachproof::probe {
namespace {

using namespace std::string_literals;
using State = core::Exchange::State;

constexpr std::string_view kVerification = "1.2.840.10008.1.1";

std::string padded(std::string text, std::size_t size) {
  text.resize(size, ' ');
  return text;
}

class Dicom : public Dialogue {
 public:
  explicit Dicom(const core::Ask& ask)
      : called_(ask.called.empty() ? "ANY-SCP" : ask.called),
        calling_(ask.calling.empty() ? "REACHPROOF" : ask.calling),
        echo_(ask.exercise) {}

  std::string opening() override {
    const std::string context =
        "\x01\0\0\0"s + item(0x30, kVerification) + item(0x40, "1.2.840.10008.1.2");
    const std::string user = item(0x51, put_be32(16384)) +
                             item(0x52, "2.25.162733208110962943170936873421934702591") +
                             item(0x55, "REACHPROOF");
    return pdu(0x01, put_be16(1) + put_be16(0) + padded(called_, 16) + padded(calling_, 16) +
                         std::string(32, '\0') + item(0x10, "1.2.840.10008.3.1.1.1") +
                         item(0x20, context) + item(0x50, user));
  }

  Step take(std::string_view input) override {
    if (input.size() < 6) return more();
    const int type = input[0];
    const auto size = be32(input, 2);
    if (type < 1 || type > 7 || size < 4 || size > kDialogueBytesMax - 6) return garbled(input);
    if (input.size() < size + 6U) return more();
    const auto body = input.substr(6, size);
    switch (type) {
      case 2:
        return accepted(body, input);
      case 3:
        return over(State::Refused,
                    fmt::format("association rejected: result {}, source {}, reason {}",
                                int{body[1]}, int{body[2]}, int{body[3]}),
                    body[3]);
      case 4:
        return echoed(body, input);
      case 7:
        return over(State::Refused,
                    fmt::format("aborted: source {}, reason {}", int{body[2]}, int{body[3]}));
      default:
        return garbled(input);
    }
  }

 private:
  static std::string item(int type, std::string_view contents) {
    return (std::string(1, static_cast<char>(type)) + '\0' +
            put_be16(static_cast<std::uint32_t>(contents.size())))
        .append(contents);
  }
  static std::string pdu(int type, std::string_view contents) {
    return (std::string(1, static_cast<char>(type)) + '\0' +
            put_be32(static_cast<std::uint32_t>(contents.size())))
        .append(contents);
  }
  static Step farewell(Step step) {
    step.send = pdu(0x05, std::string(4, '\0'));  // A-RELEASE-RQ
    return step;
  }

  Step accepted(std::string_view body, std::string_view input) {
    constexpr std::size_t kFixed = 68;
    if (accepted_ || body.size() < kFixed) return garbled(input);
    bool context = false;
    for (std::size_t at = kFixed; at + 8 <= body.size(); at += 4 + be16(body, at + 2)) {
      if (body[at] == 0x21) context = body[at + 6] == 0;
    }
    if (!context) {
      return farewell(over(State::Answered, "association accepted, without verification"));
    }
    if (!echo_) return farewell(over(State::Answered, "association accepted"));
    accepted_ = true;
    Step step{.send = pdu(0x04, echo_request())};
    step.used = input.size() < body.size() + 6 ? input.size() : body.size() + 6;
    return step;
  }

  /// A command set in implicit little endian.
  static std::string echo_request() {
    const auto element = [](std::uint32_t number, const std::string& value) {
      return put_le16(0) + put_le16(number) + put_le32(static_cast<std::uint32_t>(value.size())) +
             value;
    };
    const std::string commands = element(0x0002, std::string(kVerification) + '\0') +
                                 element(0x0100, put_le16(0x0030)) + element(0x0110, put_le16(1)) +
                                 element(0x0800, put_le16(0x0101));
    const std::string set =
        element(0x0000, put_le32(static_cast<std::uint32_t>(commands.size()))) + commands;
    return put_be32(static_cast<std::uint32_t>(set.size() + 2)) + "\x01\x03"s + set;
  }

  Step echoed(std::string_view body, std::string_view input) const {
    if (!accepted_ || body.size() < 6) return garbled(input);
    // The status is the last element of the answer's command set: (0000,0900).
    for (std::size_t at = 6; at + 8 <= body.size(); at += 8 + le32(body, at + 4)) {
      if (le32(body, at + 4) > body.size()) break;
      if (le16(body, at) != 0 || le16(body, at + 2) != 0x0900) continue;
      const auto status = static_cast<int>(le16(body, at + 8));
      return farewell(over(status == 0 ? State::Answered : State::Refused,
                           fmt::format("C-ECHO status {:04x}", status), status));
    }
    return garbled(input);
  }

  std::string called_;
  std::string calling_;
  bool echo_;
  bool accepted_ = false;
};

class Hl7 : public Dialogue {
 public:
  std::string opening() override {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    // Processing id D (debugging) and a query that changes nothing.
    return fmt::format(
        "\x0bMSH|^~\\&|REACHPROOF|REACHPROOF|||{:%Y%m%d%H%M%S}||NMQ^N01|{}|D|2.3\rNST|N\r\x1c\r",
        fmt::gmtime(std::chrono::system_clock::to_time_t(now)), id_);
  }

  Step take(std::string_view input) override {
    if (input[0] != '\x0b') return garbled(input);
    const auto end = input.find("\x1c\r");
    if (end == std::string_view::npos) return more();
    const auto message = input.substr(1, end - 1);
    const auto ack = message.find("\rMSA|");
    if (!message.starts_with("MSH|") || ack == std::string_view::npos) return garbled(input);
    const auto code = message.substr(ack + 5, 2);
    // Even a negative acknowledgment was made of our message by an HL7 engine.
    const bool known = code.size() == 2 && (code[0] == 'A' || code[0] == 'C') &&
                       (code[1] == 'A' || code[1] == 'E' || code[1] == 'R');
    if (!known) return garbled(input);
    return over(State::Answered, fmt::format("HL7 acknowledgment {}", code));
  }

 private:
  std::uint32_t id_ = random_id();
};

}  // namespace

std::unique_ptr<Dialogue> make_clinical(const core::Ask& ask) {
  if (ask.service == "dicom") return std::make_unique<Dicom>(ask);
  if (ask.service == "hl7") return std::make_unique<Hl7>();
  return nullptr;
}

}  // namespace reachproof::probe
