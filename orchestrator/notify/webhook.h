#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "orchestrator/notify/notification.h"

/// The signed webhook: CloudEvents 1.0 in JSON, signed as Standard Webhooks say. Pure.
namespace reachproof::orchestrator {

/// "application/cloudevents+json" for one, "application/cloudevents-batch+json" where `batch`.
[[nodiscard]] std::string webhook_content_type(bool batch);
/// The body: an event, or a list of events where `batch`; without it the message has one piece of
/// news. The same bytes in every retry.
[[nodiscard]] std::string webhook_body(const Message& message, const NotifyIdentity& who,
                                       bool batch);

using WebhookSecret = std::vector<std::uint8_t>;
/// One secret a line: "whsec_" and base64 of 24 to 64 bytes. Each signs, the first first, so that
/// a new one can be added before the old one is taken away. The error never holds the text.
[[nodiscard]] Result<std::vector<WebhookSecret>> read_webhook_secrets(std::string_view text);

/// The three headers of one attempt: webhook-id, webhook-timestamp, webhook-signature
/// ("v1,<base64 of HMAC-SHA256(id.timestamp.body)>" for each secret, a space between).
[[nodiscard]] std::vector<std::string> webhook_headers(const std::string& id, std::string_view body,
                                                       const std::vector<WebhookSecret>& secrets,
                                                       core::WallTime now);

}  // namespace reachproof::orchestrator
