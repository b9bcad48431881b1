#include "lab/dns_answer.h"

namespace reachproof::lab {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kAnswerBytesMax = 1200;
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr std::uint8_t kTtlSeconds = 5;

std::uint16_t word_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

struct Question {
  std::string name;  ///< lower case, without the last dot
  std::uint16_t type = 0;
  std::size_t end = 0;
};

std::optional<Question> question_of(std::span<const std::uint8_t> query) {
  Question question;
  std::size_t at = kHeaderBytes;
  while (at < query.size() && query[at] != 0) {
    const std::size_t length = query[at++];
    if (length > 63 || at + length >= query.size()) return std::nullopt;
    if (!question.name.empty()) question.name += '.';
    for (const auto byte : query.subspan(at, length)) {
      const bool upper = byte >= 'A' && byte <= 'Z';
      question.name += static_cast<char>(upper ? byte - 'A' + 'a' : byte);
    }
    if (question.name.size() > kNameBytesMax) return std::nullopt;
    at += length;
  }
  if (at + 5 > query.size()) return std::nullopt;
  question.type = word_at(query, at + 1);
  question.end = at + 5;
  return question;
}

void append_record(std::vector<std::uint8_t>& answer, const core::IpAddress& address) {
  const auto type = address.family() == core::Family::V4 ? kTypeA : kTypeAaaa;
  const std::uint8_t head[] = {
      0xc0, kHeaderBytes, 0, static_cast<std::uint8_t>(type),          0, 1, 0, 0,
      0,    kTtlSeconds,  0, static_cast<std::uint8_t>(address.size())};
  answer.insert(answer.end(), std::begin(head), std::end(head));
  answer.insert(answer.end(), address.bytes(), address.bytes() + address.size());
}

std::optional<Question> asked_in(std::span<const std::uint8_t> query) {
  if (query.size() < kHeaderBytes || (query[2] & 0xf8U) != 0 || word_at(query, 4) != 1) {
    return std::nullopt;
  }
  return question_of(query);
}

/// Header and question of an answer that has no records yet.
std::vector<std::uint8_t> begun_answer(std::span<const std::uint8_t> query,
                                       const Question& question, unsigned code) {
  std::vector<std::uint8_t> answer(query.begin(),
                                   query.begin() + static_cast<std::ptrdiff_t>(question.end));
  answer[2] = static_cast<std::uint8_t>(0x84U | (query[2] & 1U));  // answer, authoritative
  answer[3] = static_cast<std::uint8_t>(0x80U | code);
  for (std::size_t i = 6; i < kHeaderBytes; ++i) answer[i] = 0;
  return answer;
}

}  // namespace

std::optional<DnsError> dns_error_of(std::string_view word) {
  if (word == "servfail") return DnsError::ServerFailure;
  if (word == "nxdomain") return DnsError::NoSuchName;
  return std::nullopt;
}

std::vector<std::uint8_t> dns_answer(std::span<const std::uint8_t> query, DnsError error) {
  const auto question = asked_in(query);
  if (!question) return {};
  return begun_answer(query, *question, static_cast<unsigned>(error));
}

std::vector<std::uint8_t> dns_answer(
    std::span<const std::uint8_t> query,
    const std::map<std::string, std::vector<core::IpAddress>>& names) {
  const auto question = asked_in(query);
  if (!question) return {};
  const auto known = names.find(question->name);
  if (known == names.end()) return dns_answer(query, DnsError::NoSuchName);
  auto answer = begun_answer(query, *question, 0);
  for (const auto& address : known->second) {
    const auto type = address.family() == core::Family::V4 ? kTypeA : kTypeAaaa;
    if (type != question->type || answer.size() > kAnswerBytesMax) continue;
    append_record(answer, address);
    ++answer[7];
  }
  return answer;
}

}  // namespace reachproof::lab
