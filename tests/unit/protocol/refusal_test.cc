// Every field of every message, missing, of the wrong type, out of its range, or unknown: refused,
// and the error names the field.
#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "tests/support/messages.h"

namespace reachproof::protocol {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

json::object object_of(const Message& message) {
  return json::parse(encode(message)).as_object();
}

std::string refusal(const std::string& line) {
  const auto read = decode(line);
  if (read) return "accepted: " + line;
  EXPECT_EQ(read.error().code, ErrorCode::Protocol);
  return read.error().message;
}
std::string refusal(const json::object& object) {
  return refusal(json::serialize(object));
}

const std::set<std::string> kOptional{"nonce", "hostname", "icmp"};

/// Calls `damage(root, object, field)` for every field of the message and of what it nests, where
/// `object` is a part of `root`; root is a copy each time.
void for_every_field(
    const Message& message,
    const std::function<void(json::object&, json::object&, const std::string&)>& damage) {
  const auto whole = object_of(message);
  for (const auto& member : whole) {
    const std::string outer(member.key());
    auto copy = whole;
    damage(copy, copy, outer);
    const auto nested = [&](const json::object& inside, auto find) {
      for (const auto& inner : inside) {
        auto root = whole;
        damage(root, find(root), std::string(inner.key()));
      }
    };
    if (member.value().is_object()) {
      nested(member.value().get_object(),
             [&](json::object& root) -> json::object& { return root[outer].as_object(); });
    } else if (member.value().is_array() && member.value().get_array().front().is_object()) {
      nested(member.value().get_array().front().get_object(),
             [&](json::object& root) -> json::object& {
               return root[outer].as_array().front().as_object();
             });
    }
  }
}

TEST(Refusals, AMissingFieldIsNamed) {
  for (const auto& message : test::full_messages()) {
    for_every_field(message, [](json::object& root, json::object& part, const std::string& field) {
      part.erase(field);
      if (kOptional.contains(field)) {
        EXPECT_TRUE(decode(json::serialize(root)).has_value()) << field;
      } else {
        EXPECT_THAT(refusal(root), HasSubstr("`" + field + "` is missing"));
      }
    });
  }
}

TEST(Refusals, AFieldOfTheWrongTypeIsNamed) {
  for (const auto& message : test::full_messages()) {
    for_every_field(message, [](json::object& root, json::object& part, const std::string& field) {
      const auto right = part[field];
      for (const json::value& wrong :
           {json::value(nullptr), json::value(true), json::value(1), json::value(1.5),
            json::value("?"), json::value(json::array{1}), json::value(json::object{})}) {
        // An empty object is of the right type for an object, and lacks its fields.
        if (wrong.kind() == right.kind()) continue;
        part[field] = wrong;
        EXPECT_THAT(refusal(root), HasSubstr("`" + field + "`")) << json::serialize(root);
      }
    });
  }
}

TEST(Refusals, AnUnknownFieldIsNamed) {
  for (const auto& message : test::full_messages()) {
    for_every_field(message, [](json::object& root, json::object& part, const std::string&) {
      part["surprise"] = 1;
      EXPECT_THAT(refusal(root), HasSubstr("`surprise` is not known"));
    });
  }
}

TEST(Refusals, ATryIsOfAProtocolThatWasOrderedAndNoOther) {
  for (const auto& message : test::full_messages()) {
    auto object = object_of(message);
    if (std::holds_alternative<AttemptOrder>(message)) {
      object["protocol"] = "sctp";
      EXPECT_THAT(refusal(object), HasSubstr("protocol"));
    } else if (std::holds_alternative<OutcomeReport>(message)) {
      // A report names none: it cannot be of another than its order.
      ASSERT_FALSE(object.contains("protocol"));
      object["protocol"] = "udp";
      EXPECT_THAT(refusal(object), HasSubstr("protocol"));
    }
  }
}

TEST(Refusals, ANumberOutOfItsRangeIsNamed) {
  for (const auto& message : test::full_messages()) {
    for_every_field(message, [](json::object& root, json::object& part, const std::string& field) {
      if (!part[field].is_int64()) return;
      const bool at_least_minus_one = field.starts_with("first_hop");
      part[field] = at_least_minus_one ? -2 : -1;
      EXPECT_THAT(refusal(root), HasSubstr("`" + field + "`"));
      for (const json::value& huge : {json::value(std::uint64_t{1} << 63U), json::value(1e300)}) {
        part[field] = huge;
        EXPECT_THAT(refusal(root), HasSubstr("`" + field + "`"));
      }
      if (field == "us") return;  // the one that may be any signed number of 64 bits
      part[field] = std::numeric_limits<std::int64_t>::max();
      EXPECT_THAT(refusal(root), HasSubstr("`" + field + "`"));
    });
  }
}

TEST(Refusals, AWordThatIsNotKnownIsNamed) {
  for (const auto& message : test::full_messages()) {
    for_every_field(message, [](json::object& root, json::object& part, const std::string& field) {
      const std::set<std::string> free_text{"software", "host",   "scope",
                                            "detail",   "reason", "hostname"};
      if (!part[field].is_string() || free_text.contains(field)) return;
      part[field] = "nonsense";
      EXPECT_THAT(refusal(root),
                  field == "m" ? HasSubstr("not known") : HasSubstr("`" + field + "`"));
    });
  }
}

template <class Value>
json::object changed(std::size_t kind, const std::string& field, const Value& value) {
  auto object = object_of(test::full_messages()[kind]);
  object[field] = json::value_from(value);
  return object;
}

TEST(Refusals, TheBoundsOfNumbersAreExact) {
  constexpr std::size_t kAttempt = 3;
  EXPECT_TRUE(decode(json::serialize(changed(kAttempt, "timeout_ms", kTimeoutMax.count()))));
  EXPECT_THAT(refusal(changed(kAttempt, "timeout_ms", kTimeoutMax.count() + 1)),
              HasSubstr("timeout_ms"));
  EXPECT_THAT(refusal(changed(kAttempt, "timeout_ms", 0)), HasSubstr("timeout_ms"));
  EXPECT_THAT(refusal(changed(kAttempt, "port", 0)), HasSubstr("port"));
  EXPECT_TRUE(decode(json::serialize(changed(kAttempt, "port", 65535))));
  EXPECT_THAT(refusal(changed(kAttempt, "port", 65536)), HasSubstr("port"));
  EXPECT_THAT(refusal(changed(1, "id", std::int64_t{1} << 32U)), HasSubstr("id"));
}

TEST(Refusals, ANonceHas32BytesAndAnAnswerNoMore) {
  EXPECT_THAT(refusal(changed(3, "nonce", std::string(62, 'a'))), HasSubstr("nonce"));
  EXPECT_THAT(refusal(changed(3, "nonce", std::string(66, 'a'))), HasSubstr("nonce"));
  EXPECT_THAT(refusal(changed(1, "key", std::string(64, 'A'))), HasSubstr("key"));
  EXPECT_TRUE(decode(json::serialize(changed(4, "answer", std::string(64, 'a')))));
  EXPECT_THAT(refusal(changed(4, "answer", std::string(66, 'a'))), HasSubstr("answer"));
}

TEST(Refusals, ARangeIsNoPort) {
  auto arm = object_of(test::full_messages()[1]);
  arm["ports"].as_array()[0].as_object()["port"] = "tcp/80-81";
  EXPECT_THAT(refusal(arm), HasSubstr("`port` is a range"));
}

TEST(Bounds, ListsHaveALongest) {
  for (const auto& [kind, field] : {std::pair{1, "ports"},
                                    {1, "addresses"},
                                    {2, "ports"},
                                    {5, "tries"},
                                    {6, "tries"},
                                    {7, "ports"}}) {
    auto object = object_of(test::full_messages()[static_cast<std::size_t>(kind)]);
    auto& list = object[field].as_array();
    const auto item = list.front();
    while (list.size() <= (std::string_view(field) == "addresses" ? 64 : kListMax))
      list.push_back(item);
    EXPECT_THAT(refusal(object), HasSubstr(field)) << kind;
  }
}

TEST(Bounds, TextsHaveALongest) {
  EXPECT_TRUE(decode(json::serialize(changed(8, "reason", std::string(kTextBytesMax, 'x')))));
  EXPECT_THAT(refusal(changed(8, "reason", std::string(kTextBytesMax + 1, 'x'))),
              HasSubstr("reason"));
}

TEST(Bounds, LinesHaveALongest) {
  auto line = encode(Stop{.reason = "x"});
  line.resize(kLineBytesMax, ' ');
  EXPECT_TRUE(decode(line).has_value());
  EXPECT_THAT(refusal(line + " "), HasSubstr("at most"));
}

TEST(Bounds, NestingHasADeepest) {
  EXPECT_THAT(refusal(R"({"m":)" + std::string(9, '[') + std::string(9, ']') + "}"),
              HasSubstr("not JSON"));
  EXPECT_THAT(refusal(std::string(100'000, '[')), HasSubstr("not JSON"));
}

TEST(Refusals, WhatIsNoMessageIsNoMessage) {
  for (const auto* line :
       {"", " ", "null", "[]", "1", "\"hello\"", "{}", "{\"m\":1}", "{\"m\":\"\"}",
        "{\"m\":\"HELLO\"}", "{\"m\":\"stop\"", "{\"m\":\"stop\",\"reason\":\"a\"}x",
        "{\"m\":\"stop\",\"reason\":\"\xff\"}", "{'m':'stop'}",
        "{\"m\":\"stop\",\"reason\":\"a\",}", "\xef\xbb\xbf{\"m\":\"stop\"}"}) {
    EXPECT_THAT(refusal(line), testing::Not(HasSubstr("accepted"))) << line;
  }
}

}  // namespace
}  // namespace reachproof::protocol
