#include <fmt/core.h>

#include <filesystem>

#include "core/address.h"
#include "core/rate.h"
#include "orchestrator/api/http_message.h"
#include "orchestrator/service.h"
#include "scenarios/document.h"

namespace reachproof::orchestrator {
namespace {

namespace fs = std::filesystem;

std::string resolved(const fs::path& folder, const std::string& path) {
  return path.empty() || fs::path(path).is_absolute() ? path : (folder / path).string();
}

void read_api(const scenarios::Node& node, const fs::path& folder, ServiceConfig::Api& api,
              scenarios::Problems& problems) {
  scenarios::MapReader keys(node, "`api`", problems);
  api.listen = keys.optional_text("listen", api.listen);
  api.port = static_cast<std::uint16_t>(keys.optional_int("port", api.port, 0, 65535));
  api.certificate = resolved(folder, keys.optional_text("certificate"));
  api.key = resolved(folder, keys.optional_text("key"));
  api.open_health = keys.optional_bool("open-health", false);
  api.open_metrics = keys.optional_bool("open-metrics", false);
  for (const auto& proxy : keys.optional_texts("proxies")) {
    if (!core::IpAddress::parse(proxy)) {
      problems.error(node.mark, fmt::format("`{}` of `proxies` is not an IP address", proxy));
    }
    api.proxies.push_back(proxy);
  }
  const auto address = core::IpAddress::parse(api.listen);
  if (!address) problems.error(node.mark, "`listen` of `api` is not an IP address");
  if (api.certificate.empty() != api.key.empty()) {
    problems.error(node.mark, "`certificate` and `key` of `api` belong together");
  } else if (address && api.certificate.empty() && !api::is_loopback(*address)) {
    problems.error(node.mark, "`api` would listen in plain on an address that others reach",
                   "give it a `certificate` and a `key`, or a `listen` of 127.0.0.1");
  }
  keys.finish();
}

}  // namespace

std::string control_path(const std::string& state) {
  return state + "/control.sock";
}

std::string evidence_path(const std::string& state) {
  return state + "/evidence.db";
}

Result<ServiceConfig> load_service_config(const std::string& path) {
  auto text = scenarios::read_text_file(path);
  if (!text) return tl::unexpected(text.error());
  scenarios::Problems problems(path);
  const auto root = scenarios::parse_document(*text, problems);
  ServiceConfig config;
  config.file = path;
  scenarios::MapReader keys(root, "the configuration", problems);
  const auto folder = fs::absolute(path).parent_path();
  const auto* version = keys.required("version");
  if (version != nullptr && version->text != "1") {
    problems.error(version->mark, "`version` of the configuration must be 1");
  }
  config.state = resolved(folder, keys.optional_text("state", config.state));
  config.scenario = resolved(folder, keys.required_text("scenario"));
  config.inventory = resolved(folder, keys.required_text("inventory"));
  config.listen = keys.optional_text("listen", config.listen);
  config.port = static_cast<std::uint16_t>(keys.optional_int("port", config.port, 0, 65535));
  config.names = keys.optional_texts("names");
  config.url = keys.optional_text("url");
  config.trust_domain = keys.optional_text("trust-domain", config.trust_domain);
  config.grants = resolved(folder, keys.optional_text("signed-plans"));
  const auto log = keys.optional_text("log-format", "text");
  config.log_json = log == "json";
  if (log != "json" && log != "text") {
    problems.error(root.mark, "`log-format` is `text` or `json`");
  }
  config.engagements = resolved(folder, keys.optional_text("engagements"));
  config.runs_at_once = static_cast<std::size_t>(keys.optional_int("runs-at-once", 4, 1, 100));
  if (const auto* api = keys.optional("api"); api != nullptr) {
    read_api(*api, folder, config.api, problems);
  }
  config.receivers = read_receivers(keys.optional("notify"), folder.string(), problems);
  const auto duration = [&](std::string_view key, std::chrono::milliseconds& into) {
    const auto* node = keys.optional(key);
    if (node == nullptr) return;
    const auto value = core::parse_duration(node->text);
    if (!value) problems.error(node->mark, fmt::format("`{}` is not a duration such as 90s", key));
    if (value) into = *value;
  };
  duration("probe-silence", config.probe_silence);
  std::chrono::milliseconds life = config.certificate_life;
  duration("certificate-life", life);
  config.certificate_life = std::chrono::floor<std::chrono::seconds>(life);
  if (config.names.empty() && config.listen != "0.0.0.0" && config.listen != "::") {
    config.names = {config.listen};
  }
  if (config.names.empty() && !problems.any_error()) {
    problems.error(root.mark,
                   "`names` is missing: the names or addresses by which probes find "
                   "this orchestrator cannot be guessed from `listen`");
  }
  keys.finish();
  if (!problems.any_error()) return config;
  std::string all;
  for (const auto& problem : problems.sorted()) {
    all += (all.empty() ? "" : "\n") + scenarios::text(problem);
  }
  return fail(ErrorCode::Config, all);
}

}  // namespace reachproof::orchestrator
