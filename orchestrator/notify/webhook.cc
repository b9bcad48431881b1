#include "orchestrator/notify/webhook.h"

#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <boost/json.hpp>

#include "core/base64.h"
#include "core/check.h"

namespace reachproof::orchestrator {
namespace {

namespace json = boost::json;

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::size_t kSecretBytesMin = 24;
constexpr std::size_t kSecretBytesMax = 64;
constexpr std::size_t kSecretsMax = 10;

json::object event_of(const Notification& news, const NotifyIdentity& who) {
  const auto& event = news.event;
  const auto& subject = event.subject;
  const auto port = port_words(subject.port);
  json::object data{{"fingerprint", subject.fingerprint},
                    {"event", core::word(event.what)},
                    {"kind", core::word(subject.kind)},
                    {"severity", core::word(subject.severity)},
                    {"scenario", subject.scenario},
                    {"rule", subject.rule},
                    {"source_segment", subject.source_segment},
                    {"destination_segment", subject.destination_segment},
                    {"protocol", port.protocol},
                    {"port", port.number},
                    {"expectation", expectation_word(subject.kind)},
                    {"reachability", core::word(subject.reachability)},
                    {"run", event.run},
                    {"opened", core::text(news.opened)},
                    {"title", subject.title},
                    {"summary", summary(news)},
                    {"why", event.why}};
  if (!who.url.empty()) data["url"] = who.url;
  return {{"specversion", "1.0"},
          {"id", news.id()},
          {"source", who.source},
          {"type", fmt::format("io.reachproof.finding.{}.v1", core::word(event.what))},
          {"subject", subject.fingerprint},
          {"time", core::text(event.at)},
          {"datacontenttype", "application/json"},
          {"data", std::move(data)}};
}

std::string signature(const WebhookSecret& secret, std::string_view text) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> mac;
  unsigned size = 0;
  const auto bytes = core::bytes_of(text);
  CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes.data(),
             bytes.size(), mac.data(), &size) != nullptr);
  return "v1," + core::base64(std::span(mac.data(), size));
}

}  // namespace

std::string webhook_content_type(bool batch) {
  return batch ? "application/cloudevents-batch+json" : "application/cloudevents+json";
}

std::string webhook_body(const Message& message, const NotifyIdentity& who, bool batch) {
  if (!batch) {
    CHECK(message.notifications.size() == 1);
    return json::serialize(event_of(message.notifications.front(), who));
  }
  json::array events;
  for (const auto& news : message.notifications) events.push_back(event_of(news, who));
  return json::serialize(events);
}

Result<std::vector<WebhookSecret>> read_webhook_secrets(std::string_view text) {
  std::vector<WebhookSecret> secrets;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const bool prefixed = line.starts_with(kSecretPrefix);
    auto secret = prefixed ? core::from_base64(line.substr(kSecretPrefix.size())) : std::nullopt;
    if (!secret || secret->size() < kSecretBytesMin || secret->size() > kSecretBytesMax) {
      return fail(ErrorCode::Config,
                  "a webhook secret is `whsec_` and the base64 of 24 to 64 random bytes, as of "
                  "`echo whsec_$(openssl rand -base64 32)`; one a line");
    }
    secrets.push_back(std::move(*secret));
  }
  if (secrets.empty() || secrets.size() > kSecretsMax) {
    return fail(ErrorCode::Config, fmt::format("the file has {} webhook secrets, not 1 to {}",
                                               secrets.size(), kSecretsMax));
  }
  return secrets;
}

std::vector<std::string> webhook_headers(const std::string& id, std::string_view body,
                                         const std::vector<WebhookSecret>& secrets,
                                         core::WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const auto signed_text = fmt::format("{}.{}.{}", id, seconds, body);
  std::string signatures;
  for (const auto& secret : secrets) {
    signatures += (signatures.empty() ? "" : " ") + signature(secret, signed_text);
  }
  return {"webhook-id: " + id, fmt::format("webhook-timestamp: {}", seconds),
          "webhook-signature: " + signatures};
}

}  // namespace reachproof::orchestrator
