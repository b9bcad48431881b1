#include "orchestrator/fleet/authority.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <filesystem>

#include "core/address.h"
#include "core/hex.h"
#include "host/whole_file.h"
#include "protocol/certificate.h"
#include "protocol/keyed_answer.h"

namespace reachproof::orchestrator {
namespace {

namespace fs = std::filesystem;
using protocol::KeyPair;

constexpr std::chrono::days kAuthorityLife{3650};
constexpr std::chrono::days kServerLife{90};
constexpr std::size_t kFileBytesMax = 64U << 10U;

Result<void> make(const std::string& folder, core::WallTime now) {
  auto key = KeyPair::generate(KeyPair::Kind::P256);
  auto heartbeat = KeyPair::generate(KeyPair::Kind::Ed25519);
  if (!key || !heartbeat) return fail(ErrorCode::Internal, "OpenSSL cannot make keys");
  const protocol::CertificateOrder order{.common_name = "Reachproof fleet CA",
                                         .authority = true,
                                         .from = now - protocol::kClockTolerance,
                                         .until = now + kAuthorityLife};
  auto certificate = protocol::issue_certificate(order, key->public_key(), *key, "");
  if (!certificate) return tl::unexpected(certificate.error());
  const std::array<std::pair<const char*, std::string>, 4> files{
      {{"secret", core::hex(protocol::random_nonce()) + "\n"},
       {"heartbeat.key", heartbeat->pem()},
       {"ca.key", key->pem()},
       {"ca.pem", *certificate}}};
  for (const auto& [name, text] : files) {
    if (auto kept = host::replace_file(folder + "/" + name, text); !kept) return kept;
  }
  return {};
}

}  // namespace

Result<Authority> Authority::open(const std::string& folder, core::WallTime now) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) {
    return fail(ErrorCode::Io, fmt::format("cannot make `{}`: {}", folder, failed.message()));
  }
  ::chmod(folder.c_str(), 0700);
  const std::array<std::string, 4> names{"ca.pem", "ca.key", "heartbeat.key", "secret"};
  std::size_t there = 0;
  for (const auto& name : names) there += fs::exists(folder + "/" + name) ? 1 : 0;
  if (there == 0) {
    if (auto made = make(folder, now); !made) return tl::unexpected(made.error());
  } else if (there != names.size()) {
    return fail(ErrorCode::Config,
                fmt::format("`{}` has only some of ca.pem, ca.key, heartbeat.key and secret: "
                            "restore the others; new ones would lock out every probe",
                            folder));
  }
  std::array<std::string, 4> texts;
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto text = host::read_file(folder + "/" + names[i], kFileBytesMax);
    if (!text) return tl::unexpected(text.error());
    texts[i] = std::move(*text);
  }
  auto key = KeyPair::from_pem(texts[1]);
  if (!key) return fail(std::move(key), folder + "/ca.key");
  auto heartbeat = KeyPair::from_pem(texts[2]);
  if (!heartbeat) return fail(std::move(heartbeat), folder + "/heartbeat.key");
  Authority authority;
  authority.certificate_ = texts[0];
  authority.key_ = std::move(*key);
  authority.heartbeat_key_ = std::move(*heartbeat);
  authority.secret_ = texts[3];
  return authority;
}

Result<Authority::Issued> Authority::issue_server(const std::vector<std::string>& names,
                                                  core::WallTime now) const {
  auto key = KeyPair::generate(KeyPair::Kind::P256);
  if (!key) return tl::unexpected(key.error());
  protocol::CertificateOrder order{.common_name = "reachproof",
                                   .for_server = true,
                                   .from = now - protocol::kClockTolerance,
                                   .until = now + kServerLife};
  for (const auto& name : names) {
    (core::IpAddress::parse(name) ? order.addresses : order.dns).push_back(name);
  }
  auto certificate = protocol::issue_certificate(order, key->public_key(), *key_, certificate_);
  if (!certificate) return tl::unexpected(certificate.error());
  return Issued{.certificate = std::move(*certificate), .key = key->pem()};
}

Result<std::string> Authority::issue_probe(const protocol::PublicKey& key,
                                           const std::string& trust_domain, core::WallTime now,
                                           std::chrono::seconds life) const {
  const auto id = key.fingerprint();
  const protocol::CertificateOrder order{.common_name = id.substr(0, 32),
                                         .uri = spiffe_id(trust_domain, id),
                                         .from = now - protocol::kClockTolerance,
                                         .until = now + life};
  return protocol::issue_certificate(order, key, *key_, certificate_);
}

std::string spiffe_id(const std::string& trust_domain, const std::string& probe_id) {
  return fmt::format("spiffe://{}/probe/{}", trust_domain, probe_id);
}

}  // namespace reachproof::orchestrator
