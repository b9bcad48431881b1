#include "orchestrator/notify/sender.h"

#include "host/https.h"
#include "host/whole_file.h"
#include "orchestrator/notify/alertmanager.h"
#include "orchestrator/notify/public_address.h"
#include "orchestrator/notify/webhook.h"

namespace reachproof::orchestrator {
namespace {

constexpr std::size_t kAnswerBytesMax = 64U << 10U;
constexpr std::size_t kSettingBytesMax = 1U << 20U;

/// POSTs, and says what came of it without the URL: it may hold a secret.
class Poster {
 public:
  Poster(std::string name, std::string url, std::chrono::milliseconds timeout,
         host::HttpsOptions options)
      : name_(std::move(name)),
        url_(std::move(url)),
        timeout_(timeout),
        client_(std::move(options)) {}

  DeliveryAnswer post(std::vector<std::string> headers, std::string body, core::WallTime now,
                      const Sender::Cancelled& cancelled) {
    const host::HttpsRequest request{.method = "POST",
                                     .url = url_,
                                     .headers = std::move(headers),
                                     .body = std::move(body),
                                     .timeout = timeout_,
                                     .response_bytes_max = kAnswerBytesMax};
    const auto response = client_.perform(request, cancelled);
    if (!response) return {.error = without_url(response.error().message)};
    DeliveryAnswer answer{.status = response->status};
    const auto header = response->headers.find("retry-after");
    if (header != response->headers.end()) {
      answer.retry_after = retry_after_of(header->second, now);
    }
    return answer;
  }

 private:
  [[nodiscard]] std::string without_url(std::string text) const {
    for (auto at = text.find(url_); at != std::string::npos; at = text.find(url_, at)) {
      text.replace(at, url_.size(), name_);
      at += name_.size();
    }
    return text;
  }

  std::string name_;
  std::string url_;
  std::chrono::milliseconds timeout_;
  host::HttpsClient client_;
};

class WebhookSender final : public Sender {
 public:
  WebhookSender(Poster poster, std::vector<WebhookSecret> secrets, NotifyIdentity who, bool batch)
      : poster_(std::move(poster)),
        secrets_(std::move(secrets)),
        who_(std::move(who)),
        batch_(batch) {}

  Grouping grouping() const override { return batch_ ? Grouping::ByRule : Grouping::Single; }

  DeliveryAnswer send(const Message& message, core::WallTime now,
                      const Cancelled& cancelled) override {
    auto body = webhook_body(message, who_, batch_);
    auto headers = webhook_headers(message.id, body, secrets_, now);
    headers.push_back("Content-Type: " + webhook_content_type(batch_));
    return poster_.post(std::move(headers), std::move(body), now, cancelled);
  }

 private:
  Poster poster_;
  std::vector<WebhookSecret> secrets_;
  NotifyIdentity who_;
  bool batch_;
};

class AlertmanagerSender final : public Sender {
 public:
  AlertmanagerSender(Poster poster, NotifyIdentity who, std::chrono::seconds interval)
      : poster_(std::move(poster)), who_(std::move(who)), interval_(interval), book_(interval) {}

  Grouping grouping() const override { return Grouping::ByRun; }
  void learn(const Notification& news) override { book_.take(news); }
  std::optional<std::chrono::seconds> interval() const override { return interval_; }

  DeliveryAnswer send(const Message& message, core::WallTime now,
                      const Cancelled& cancelled) override {
    return post(book_.of(message, who_, now), now, cancelled);
  }

  DeliveryAnswer tell_again(core::WallTime now, const Cancelled& cancelled) override {
    book_.forget_old(now);
    for (auto& body : book_.all(who_, now)) {
      auto answer = post(std::move(body), now, cancelled);
      if (fate_of(answer) != DeliveryFate::Delivered) return answer;
    }
    return {.taken = true};
  }

 private:
  DeliveryAnswer post(std::string body, core::WallTime now, const Cancelled& cancelled) {
    std::vector<std::string> headers;
    headers.emplace_back("Content-Type: application/json");
    return poster_.post(std::move(headers), std::move(body), now, cancelled);
  }

  Poster poster_;
  NotifyIdentity who_;
  std::chrono::seconds interval_;
  AlertBook book_;
};

std::string alerts_url(std::string base) {
  while (base.ends_with('/')) base.pop_back();
  return base + "/api/v2/alerts";
}

Result<std::string> setting(const std::string& path, const std::string& receiver) {
  auto text = host::read_file(path, kSettingBytesMax);
  if (!text) return fail(std::move(text), "receiver " + receiver);
  return text;
}

}  // namespace

Result<std::unique_ptr<Sender>> make_sender(const ReceiverConfig& config,
                                            const NotifyIdentity& who) {
  if (config.kind == ReceiverConfig::Kind::OcsfFile) return make_ocsf_sender(config.target, who);
  host::HttpsOptions options;
  if (!config.ca.empty()) {
    auto pem = setting(config.ca, config.name);
    if (!pem) return tl::unexpected(pem.error());
    options.ca_pem = std::move(*pem);
  }
  if (config.kind == ReceiverConfig::Kind::Alertmanager) {
    options.allow_plain = true;
    Poster poster("the Alertmanager", alerts_url(config.target), config.timeout,
                  std::move(options));
    return std::make_unique<AlertmanagerSender>(std::move(poster), who, config.interval);
  }
  auto text = setting(config.secrets, config.name);
  if (!text) return tl::unexpected(text.error());
  auto secrets = read_webhook_secrets(*text);
  if (!secrets) return fail(std::move(secrets), config.secrets);
  options.allow_plain = config.allow_private;
  if (!config.allow_private) options.address_allowed = is_public_address;
  Poster poster("the webhook", config.target, config.timeout, std::move(options));
  return std::make_unique<WebhookSender>(std::move(poster), std::move(*secrets), who, config.batch);
}

}  // namespace reachproof::orchestrator
