// Services that speak first: SSH (RFC 4253 section 4.2), VNC (RFC 6143 section 7.1.1), FTP (RFC
// 959), SMTP (RFC 5321). Nothing is sent to them.
#include <algorithm>

#include "probe/dialogue/dialogue.h"

namespace reachproof::probe {
namespace {

using State = core::Exchange::State;

/// The first whole line at `at`, without its end; nothing where it is not whole.
std::optional<std::string_view> line_at(std::string_view input, std::size_t at) {
  const auto end = input.find('\n', at);
  if (end == std::string_view::npos) return std::nullopt;
  auto line = input.substr(at, end - at);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

class Ssh : public Dialogue {
 public:
  std::string opening() override { return ""; }
  Step take(std::string_view input) override {
    // Other lines may stand before the one that counts.
    for (std::size_t at = 0; at < input.size();) {
      const auto line = line_at(input, at);
      if (!line) break;
      if (line->starts_with("SSH-2.0-") || line->starts_with("SSH-1.99-")) {
        return over(State::Answered, std::string(*line));
      }
      at = input.find('\n', at) + 1;
    }
    constexpr std::size_t kBeforeMax = 8192;
    return input.size() > kBeforeMax ? garbled(input) : more();
  }
};

class Vnc : public Dialogue {
 public:
  std::string opening() override { return ""; }
  Step take(std::string_view input) override {
    constexpr std::string_view kShape = "RFB 000.000\n";
    for (std::size_t i = 0; i < std::min(input.size(), kShape.size()); ++i) {
      const bool digit = input[i] >= '0' && input[i] <= '9';
      if (kShape[i] == '0' ? !digit : input[i] != kShape[i]) return garbled(input);
    }
    if (input.size() < kShape.size()) return more();
    return over(State::Answered, std::string(input.substr(0, kShape.size() - 1)));
  }
};

/// A greeting of three digits and a text, over one or several lines.
class ReplyCode : public Dialogue {
 public:
  ReplyCode(std::string_view served, std::string_view farewell)
      : served_(served), farewell_(farewell) {}
  std::string opening() override { return ""; }
  Step take(std::string_view input) override {
    const auto digits = std::min<std::size_t>(input.size(), 3);
    const auto head = input.substr(0, digits);
    const bool numeric = std::ranges::all_of(head, [](char c) { return c >= '0' && c <= '9'; });
    if (!numeric) return garbled(input);
    const auto line = line_at(input, 0);
    if (!line) return input.size() > 1024 ? garbled(input) : more();
    if (line->size() < 4 || ((*line)[3] != ' ' && (*line)[3] != '-')) return garbled(input);
    const int code = (head[0] - '0') * 100 + (head[1] - '0') * 10 + (head[2] - '0');
    if (code < 200 || code > 599) return garbled(input);
    // FTP's "not logged in" and SMTP's "no service here" refuse us; others may pass by themselves.
    const bool refused = code == 530 || code == 554;
    const auto state = head == served_ ? State::Answered
                       : refused       ? State::Refused
                                       : State::Garbled;
    auto step = over(state, std::string(*line), code);
    step.send = farewell_;
    return step;
  }

 private:
  std::string_view served_;
  std::string_view farewell_;
};

}  // namespace

std::unique_ptr<Dialogue> make_greeting(const std::string& service) {
  if (service == "ssh") return std::make_unique<Ssh>();
  if (service == "vnc") return std::make_unique<Vnc>();
  if (service == "ftp" || service == "smtp") {
    return std::make_unique<ReplyCode>("220", "QUIT\r\n");
  }
  return nullptr;
}

}  // namespace reachproof::probe
