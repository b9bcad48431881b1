#include "orchestrator/notify/receiver_config.h"

#include <fmt/core.h>

#include <filesystem>
#include <optional>
#include <set>

#include "core/rate.h"

namespace reachproof::orchestrator {
namespace {

namespace fs = std::filesystem;
using Kind = ReceiverConfig::Kind;

constexpr std::chrono::seconds kIntervalMin{1};
constexpr std::chrono::seconds kIntervalMax{3600};

std::string resolved(const std::string& folder, const std::string& path) {
  return path.empty() || fs::path(path).is_absolute() ? path : (fs::path(folder) / path).string();
}

/// Without user and password, which would end up in messages; a place for them is not there yet.
bool is_url(const std::string& text, bool plain_too) {
  const bool tls = text.starts_with("https://");
  const bool plain = plain_too && text.starts_with("http://");
  const auto host = text.substr(tls ? 8 : 7);
  return (tls || plain) && !host.empty() && host[0] != '/' &&
         text.find_first_of(" \t\r\n@") == std::string::npos;
}

class ReceiverReader {
 public:
  ReceiverReader(const scenarios::Node& node, const std::string& folder,
                 scenarios::Problems& problems)
      : node_(node), folder_(folder), problems_(problems), keys_(node, "a receiver", problems) {}

  std::optional<ReceiverConfig> read() {
    config_.name = keys_.required_text("name");
    read_target("alertmanager", Kind::Alertmanager);
    read_target("webhook", Kind::Webhook);
    read_target("ocsf", Kind::OcsfFile);
    config_.ca = resolved(folder_, keys_.optional_text("ca"));
    if (targets_ == 1 && config_.kind == Kind::Webhook) read_webhook();
    if (targets_ == 1 && config_.kind == Kind::Alertmanager) read_interval();
    if (targets_ != 1 && keys_.usable()) {
      problems_.error(node_.mark,
                      "a receiver has exactly one of `alertmanager`, `webhook` and `ocsf`");
    } else {
      check_target();
    }
    keys_.finish();
    return keys_.usable() ? std::optional(config_) : std::nullopt;
  }

 private:
  void read_target(std::string_view key, Kind kind) {
    const auto* value = keys_.optional(key);
    if (value == nullptr) return;
    ++targets_;
    config_.kind = kind;
    config_.target =
        scenarios::scalar_text(*value, fmt::format("`{}` of a receiver", key), problems_);
  }

  void read_webhook() {
    config_.secrets = resolved(folder_, keys_.required_text("secrets"));
    config_.batch = keys_.optional_bool("batch", false);
    config_.allow_private = keys_.optional_bool("allow-private", false);
  }

  void read_interval() {
    const auto* node = keys_.optional("interval");
    if (node == nullptr) return;
    const auto value = core::parse_duration(node->text);
    if (!value || *value < kIntervalMin || *value > kIntervalMax) {
      problems_.error(node->mark, "`interval` of a receiver is a duration from 1s to 1h");
      return;
    }
    config_.interval = std::chrono::floor<std::chrono::seconds>(*value);
  }

  void check_target() {
    if (config_.kind == Kind::OcsfFile) {
      config_.target = resolved(folder_, config_.target);
      return;
    }
    const bool plain_too = config_.kind == Kind::Alertmanager || config_.allow_private;
    if (is_url(config_.target, plain_too)) return;
    problems_.error(
        node_.mark,
        fmt::format("the URL of receiver {} is not one that can be used here", config_.name),
        "write https://host/path, without user and password; http:// is for an "
        "Alertmanager, or with `allow-private: true`");
  }

  const scenarios::Node& node_;
  const std::string& folder_;
  scenarios::Problems& problems_;
  scenarios::MapReader keys_;
  ReceiverConfig config_;
  int targets_ = 0;
};

}  // namespace

std::vector<ReceiverConfig> read_receivers(const scenarios::Node* list, const std::string& folder,
                                           scenarios::Problems& problems) {
  std::vector<ReceiverConfig> receivers;
  if (list == nullptr) return receivers;
  if (list->kind != scenarios::Node::Kind::Sequence || list->items.size() > kReceiversMax) {
    problems.error(list->mark,
                   fmt::format("`notify` is a list of at most {} receivers", kReceiversMax));
    return receivers;
  }
  std::set<std::string> names;
  for (const auto& item : list->items) {
    auto receiver = ReceiverReader(item, folder, problems).read();
    if (!receiver) continue;
    if (!receiver->name.empty() && !names.insert(receiver->name).second) {
      problems.error(item.mark, fmt::format("two receivers are named {}", receiver->name));
    }
    receivers.push_back(std::move(*receiver));
  }
  return receivers;
}

}  // namespace reachproof::orchestrator
