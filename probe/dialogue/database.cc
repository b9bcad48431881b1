// Databases and caches: PostgreSQL (protocol 3.0, "SSL Session Encryption" and "Start-up"), MySQL
// (initial handshake packet), Microsoft SQL (MS-TDS 2.2.6.5 PRELOGIN), Redis (RESP), MongoDB
// (OP_MSG hello). None of them gets a credential.
#include <fmt/core.h>

#include "probe/dialogue/dialogue.h"

namespace reachproof::probe {
namespace {

using namespace std::string_literals;
using State = core::Exchange::State;

class Postgres : public Dialogue {
 public:
  explicit Postgres(bool exercise) : exercise_(exercise) {}
  std::string opening() override {
    if (!exercise_) return put_be32(8) + put_be32(80877103);  // SSLRequest
    // A start-up message with a user and no password: what the server asks of a stranger.
    const std::string body =
        put_be32(196608) + "user\0reachproof\0database\0postgres\0"s + std::string(1, '\0');
    return put_be32(static_cast<std::uint32_t>(body.size() + 4)) + body;
  }
  Step take(std::string_view input) override {
    if (!exercise_ && (input[0] == 'S' || input[0] == 'N')) {
      if (input.size() != 1) return garbled(input);
      return over(State::Answered, input[0] == 'S' ? "PostgreSQL, with TLS" : "PostgreSQL");
    }
    if (input[0] != 'E' && (!exercise_ || input[0] != 'R')) return garbled(input);
    if (input.size() < 5) return more();
    const auto size = be32(input, 1);
    if (size < 8 || size > 8192) return garbled(input);
    if (input.size() < size + 1U) return more();
    const auto body = input.substr(5, size - 4);
    if (input[0] == 'R') {
      const auto code = static_cast<int>(be32(body, 0));
      const std::string farewell = "X\0\0\0\4"s;
      auto step = code == 0 ? over(State::Answered, "lets a user in without a credential")
                            : over(State::Refused,
                                   fmt::format("demands a credential (method {})", code), code);
      step.send = farewell;
      return step;
    }
    return error(body);
  }

 private:
  /// Fields of one letter and a text each; 'C' is the SQLSTATE, 'M' the message.
  Step error(std::string_view body) const {
    std::string state;
    std::string message;
    for (std::size_t at = 0; at < body.size() && body[at] != '\0';) {
      const auto end = body.find('\0', at + 1);
      if (end == std::string_view::npos) break;
      const auto value = body.substr(at + 1, end - at - 1);
      if (body[at] == 'C') state = value;
      if (body[at] == 'M') message = value;
      at = end + 1;
    }
    if (state.size() != 5) return garbled(body);
    const bool refused = state.starts_with("28");  // invalid authorization
    return over(refused ? State::Refused : State::Answered, state + " " + message);
  }
  bool exercise_;
};

class Mysql : public Dialogue {
 public:
  std::string opening() override { return ""; }
  Step take(std::string_view input) override {
    if (input.size() < 5) return more();
    const auto size = le32(input, 0) & 0xffffffU;
    if (size < 3 || size > 8192 || input[3] != '\0') return garbled(input);
    if (input.size() < size + 4U) return more();
    const auto body = input.substr(4, size);
    if (body[0] == '\xff') {
      const auto code = static_cast<int>(le16(body, 1));
      // 1129: host is blocked, 1130: host is not allowed to connect.
      const bool refused = code == 1129 || code == 1130;
      return over(refused ? State::Refused : State::Answered,
                  fmt::format("error {}: {}", code, printable_part(body.substr(3))), code);
    }
    const auto end = body.find('\0', 1);
    if (body[0] != '\x0a' || end == std::string_view::npos || end == 1) return garbled(input);
    return over(State::Answered, std::string(body.substr(1, end - 1)));
  }
};

class Mssql : public Dialogue {
 public:
  std::string opening() override {
    // Two options, VERSION and ENCRYPTION (not supported), and their end.
    const std::string options =
        "\x00"s + put_be16(11) + put_be16(6) + "\x01"s + put_be16(17) + put_be16(1) + "\xff"s;
    const std::string body = options + std::string(6, '\0') + "\x02"s;
    return "\x12\x01"s + put_be16(static_cast<std::uint32_t>(body.size() + 8)) +
           std::string(4, '\0') + body;
  }
  Step take(std::string_view input) override {
    if (input[0] != '\x04') return garbled(input);
    if (input.size() < 8) return more();
    const auto size = be16(input, 2);
    if (size < 8 + 11 || size > 4096) return garbled(input);
    if (input.size() < size) return more();
    const auto body = input.substr(8, size - 8);
    const auto at = be16(body, 1);
    if (body[0] != '\0' || be16(body, 3) < 6 || at + 6 > body.size()) return garbled(input);
    return over(State::Answered,
                fmt::format("Microsoft SQL Server {}.{}.{}", static_cast<std::uint8_t>(body[at]),
                            static_cast<std::uint8_t>(body[at + 1]), be16(body, at + 2)));
  }
};

class Redis : public Dialogue {
 public:
  std::string opening() override { return "*1\r\n$4\r\nPING\r\n"; }
  Step take(std::string_view input) override {
    if (input[0] != '+' && input[0] != '-') return garbled(input);
    const auto end = input.find("\r\n");
    if (end == std::string_view::npos) return input.size() > 4096 ? garbled(input) : more();
    const std::string line(input.substr(0, end));
    if (line == "+PONG") return over(State::Answered, "PONG, without a credential");
    for (const auto* word : {"-NOAUTH", "-DENIED", "-NOPERM", "-ERR operation not permitted"}) {
      if (line.starts_with(word)) return over(State::Refused, line.substr(1));
    }
    // Still loading, a replica without its master: it talks to us.
    for (const auto* word : {"-LOADING", "-BUSY", "-MASTERDOWN", "-MISCONF", "-ERR"}) {
      if (line.starts_with(word)) return over(State::Answered, line.substr(1));
    }
    return garbled(input);
  }
};

class Mongo : public Dialogue {
 public:
  std::string opening() override {
    std::string document = "\x10hello\0"s + put_le32(1) + "\x02$db\0"s + put_le32(6) + "admin\0"s;
    document = put_le32(static_cast<std::uint32_t>(document.size() + 5)) + document + '\0';
    const std::string body = put_le32(0) + '\0' + document;
    return put_le32(static_cast<std::uint32_t>(body.size() + 16)) + put_le32(id_) + put_le32(0) +
           put_le32(kOpMsg) + body;
  }
  Step take(std::string_view input) override {
    if (input.size() < 21) return more();
    const auto size = le32(input, 0);
    if (size < 26 || size > 48U << 10U || le32(input, 8) != id_ || le32(input, 12) != kOpMsg) {
      return garbled(input);
    }
    if (input.size() < size) return more();
    const bool known = input.find("maxWireVersion") != std::string_view::npos ||
                       input.find("errmsg") != std::string_view::npos;
    return known ? over(State::Answered, "MongoDB hello") : garbled(input);
  }

 private:
  static constexpr std::uint32_t kOpMsg = 2013;
  std::uint32_t id_ = random_id();
};

}  // namespace

std::unique_ptr<Dialogue> make_database(const std::string& service, bool exercise) {
  if (service == "postgresql") return std::make_unique<Postgres>(exercise);
  if (service == "mysql") return std::make_unique<Mysql>();
  if (service == "mssql") return std::make_unique<Mssql>();
  if (service == "redis") return std::make_unique<Redis>();
  if (service == "mongodb") return std::make_unique<Mongo>();
  return nullptr;
}

}  // namespace reachproof::probe
