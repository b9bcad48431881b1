#include "probe/agent/identity.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>

#include "core/hex.h"
#include "host/whole_file.h"
#include "probe/clock.h"
#include "protocol/certificate.h"

namespace reachproof::probe {
namespace {

constexpr std::size_t kFileBytesMax = 64U << 10U;

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

/// The text of a file; empty where there is none.
Result<std::string> optional_file(const std::string& path) {
  auto text = host::read_file(path, kFileBytesMax);
  if (!text && text.error().code == ErrorCode::NotFound) return std::string();
  return text;
}

Result<std::optional<protocol::PublicKey>> optional_key(const std::string& path) {
  auto pem = optional_file(path);
  if (!pem) return tl::unexpected(pem.error());
  if (pem->empty()) return std::optional<protocol::PublicKey>();
  auto key = protocol::PublicKey::from_pem(*pem);
  if (!key) return fail(std::move(key), path);
  return std::optional<protocol::PublicKey>(std::move(*key));
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

Result<Identity> Identity::load(const std::string& folder) {
  Identity identity;
  identity.folder_ = folder;
  auto pem = host::read_file(identity.path("key.pem"), kFileBytesMax);
  if (!pem && pem.error().code == ErrorCode::NotFound) {
    return fail(ErrorCode::NotFound,
                fmt::format("this host has not joined an orchestrator yet (no key in `{}`): run "
                            "the line that `reachproof probe token create` prints",
                            folder));
  }
  if (!pem) return tl::unexpected(pem.error());
  auto key = protocol::KeyPair::from_pem(*pem);
  if (!key) return fail(std::move(key), identity.path("key.pem"));
  identity.key_ = std::move(*key);
  if (auto rest = identity.read_rest(); !rest) return tl::unexpected(rest.error());
  return identity;
}

Result<void> Identity::read_rest() {
  const std::array<std::pair<const char*, std::string*>, 4> texts{
      {{"orchestrator", &url_},
       {"ca-pin", &ca_pin_},
       {"authority.pem", &authority_},
       {"certificate.pem", &certificate_}}};
  for (const auto& [name, into] : texts) {
    auto text = optional_file(path(name));
    if (!text) return tl::unexpected(text.error());
    *into = trimmed(std::move(*text));
  }
  auto heartbeat = optional_key(path("heartbeat.pem"));
  if (!heartbeat) return tl::unexpected(heartbeat.error());
  heartbeat_key_ = std::move(*heartbeat);
  auto policy = optional_key(path("policy.pem"));
  if (!policy) return tl::unexpected(policy.error());
  policy_key_ = std::move(*policy);
  auto version = optional_file(path("policy-version"));
  if (!version) return tl::unexpected(version.error());
  const auto digits = trimmed(*version);
  std::from_chars(digits.data(), digits.data() + digits.size(), policy_version_);
  return {};
}

Result<Identity> Identity::prepare(const std::string& folder, const protocol::JoinToken& token) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) {
    return fail(ErrorCode::Io, fmt::format("cannot make `{}`: {}", folder, failed.message()));
  }
  ::chmod(folder.c_str(), 0700);
  auto identity = load(folder);
  if (!identity && identity.error().code != ErrorCode::NotFound) return identity;
  if (!identity) {
    auto key = protocol::KeyPair::generate(protocol::KeyPair::Kind::P256);
    if (!key) return tl::unexpected(key.error());
    if (auto kept = host::replace_file(folder + "/key.pem", key->pem()); !kept) {
      return tl::unexpected(kept.error());
    }
  } else if (identity->has_certificate() && identity->url() != token.url) {
    return fail(ErrorCode::Refused,
                fmt::format("this host has joined {} already; `reachproof-probe leave` first",
                            identity->url()));
  }
  for (const auto& [name, text] : std::array<std::pair<const char*, std::string>, 2>{
           {{"orchestrator", token.url}, {"ca-pin", token.ca_pin}}}) {
    if (auto kept = host::replace_file(folder + "/" + name, text + "\n"); !kept) {
      return tl::unexpected(kept.error());
    }
  }
  return load(folder);
}

/// What is taken up is for good: nothing is, unless all of it can be used.
Result<void> Identity::objection_to(const protocol::JoinAnswer& answer) const {
  if (answer.id != id()) {
    return fail(ErrorCode::Protocol, "the orchestrator answered for another key");
  }
  const auto authority = protocol::read_certificate(answer.authority);
  if (!authority || authority->key_fingerprint != ca_pin_) {
    return fail(ErrorCode::Protocol, "the orchestrator answered with another authority");
  }
  if (!protocol::PublicKey::from_pem(answer.heartbeat_key)) {
    return fail(ErrorCode::Protocol, "the orchestrator's heartbeat key is none");
  }
  if (answer.certificate.empty()) return {};
  const auto own = protocol::read_certificate(answer.certificate);
  if (!own || own->key_fingerprint != id()) {
    return fail(ErrorCode::Protocol, "the orchestrator answered with another's certificate");
  }
  return {};
}

Result<void> Identity::take(const protocol::JoinAnswer& answer) {
  if (auto sound = objection_to(answer); !sound) return sound;
  const std::array<std::pair<const char*, const std::string*>, 3> files{
      {{"authority.pem", &answer.authority},
       {"heartbeat.pem", &answer.heartbeat_key},
       {"certificate.pem", &answer.certificate}}};
  for (const auto& [name, text] : files) {
    if (text->empty()) continue;
    if (auto kept = host::replace_file(path(name), *text); !kept) return kept;
  }
  return read_rest();
}

Result<void> Identity::set_policy_key(const std::string& pem) {
  auto key = protocol::PublicKey::from_pem(pem);
  if (!key) return fail(std::move(key), "policy key");
  if (auto kept = host::replace_file(path("policy.pem"), key->pem()); !kept) return kept;
  policy_key_ = std::move(*key);
  return {};
}

Result<void> Identity::saw_policy_version(std::uint64_t version) {
  if (version <= policy_version_) return {};
  if (auto kept = host::replace_file(path("policy-version"), std::to_string(version) + "\n");
      !kept) {
    return kept;
  }
  policy_version_ = version;
  return {};
}

Result<host::HttpsOptions> Identity::https_options(bool with_certificate) const {
  host::HttpsOptions options;
  options.tls13_only = true;
  options.key_pem = key_->pem();
  if (!authority_.empty()) {
    options.ca_pem = authority_;
  } else {
    const auto bytes = core::from_hex(ca_pin_);
    if (!bytes || bytes->size() != 32) {
      return fail(ErrorCode::Config, fmt::format("`{}` has no pin of 64 digits", path("ca-pin")));
    }
    options.ca_pin.emplace();
    std::copy(bytes->begin(), bytes->end(), options.ca_pin->begin());
  }
  if (with_certificate) {
    options.certificate_pem = certificate_;
    return options;
  }
  const auto now = moment_now().wall;
  const protocol::CertificateOrder order{.common_name = "reachproof-probe",
                                         .from = now - protocol::kClockTolerance,
                                         .until = now + std::chrono::hours(1)};
  auto own = protocol::issue_certificate(order, key_->public_key(), *key_, "");
  if (!own) return tl::unexpected(own.error());
  options.certificate_pem = std::move(*own);
  return options;
}

namespace {

Result<protocol::JoinAnswer> ask(Identity& identity, std::string_view path,
                                 const std::string& secret, const std::string& proxy,
                                 bool with_certificate) {
  auto options = identity.https_options(with_certificate);
  if (!options) return tl::unexpected(options.error());
  options->proxy = proxy;
  auto request = protocol::certificate_request(identity.key(), "reachproof-probe");
  if (!request) return tl::unexpected(request.error());
  const protocol::JoinRequest join{.token = secret,
                                   .request = std::move(*request),
                                   .host = host_name(),
                                   .software = "reachproof-probe " REACHPROOF_VERSION};
  host::HttpsClient client(std::move(*options));
  const host::HttpsRequest post{.method = "POST",
                                .url = identity.url() + std::string(path),
                                .headers = {"Content-Type: application/json"},
                                .body = protocol::encode(join)};
  auto response = client.perform(post);
  if (!response) return tl::unexpected(response.error());
  if (response->status != 200 && response->status != 202) {
    const auto code = response->status == 403 || response->status == 401 ? ErrorCode::Refused
                                                                         : ErrorCode::Unavailable;
    return fail(code, fmt::format("the orchestrator answers {}: {}", response->status,
                                  response->body.substr(0, 400)));
  }
  auto answer = protocol::decode_join_answer(response->body);
  if (!answer) return answer;
  if (auto taken = identity.take(*answer); !taken) return tl::unexpected(taken.error());
  return answer;
}

}  // namespace

Result<protocol::JoinAnswer> join_once(Identity& identity, const std::string& secret,
                                       const std::string& proxy) {
  return ask(identity, protocol::kJoinPath, secret, proxy, false);
}

Result<protocol::JoinAnswer> renew_once(Identity& identity, const std::string& proxy) {
  const auto facts = protocol::read_certificate(identity.certificate());
  const bool current = facts && moment_now().wall < facts->until;
  return ask(identity, protocol::kRenewPath, "", proxy, current);
}

}  // namespace reachproof::probe
