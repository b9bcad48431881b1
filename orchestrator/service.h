#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/error.h"
#include "orchestrator/notify/receiver_config.h"

namespace reachproof::orchestrator {

/// `reachproof serve`'s configuration file, docs/operations/fleet.md.
struct ServiceConfig {
  std::string file;  ///< from which this was read, and is read again on SIGHUP
  bool log_json = false;
  std::string state = "/var/lib/reachproof";  ///< folder: evidence, keys, control socket
  std::string scenario;
  std::string inventory;
  std::string listen = "127.0.0.1";  ///< of the probe plane
  std::uint16_t port = 8443;
  std::vector<std::string> names;  ///< by which probes dial: host names, addresses
  std::string url;                 ///< in join tokens; made of the first name where empty
  std::string trust_domain = "reachproof.local";
  std::string probe_path;   ///< the probe's program, for endpoints that are launched
  std::string grants;       ///< file of signed plans, one envelope a line; empty for none
  std::string engagements;  ///< file of rules of engagement; empty: no run needs one
  std::size_t runs_at_once = 4;
  std::chrono::milliseconds probe_silence{90'000};
  std::chrono::seconds certificate_life{24 * 3600};

  /// The API for people.
  struct Api {
    std::string listen = "127.0.0.1";
    std::uint16_t port = 8444;
    std::string certificate;  ///< PEM; without one the API stays on loopback
    std::string key;
    std::vector<std::string> proxies;  ///< whose X-Forwarded-For is believed
    bool open_health = false;          ///< without a token from anywhere, not from here alone
    bool open_metrics = false;         ///< likewise
  };
  Api api;
  std::vector<ReceiverConfig> receivers;
};

/// Reads the file; relative paths in it are relative to its folder. All problems at once, each with
/// line and column, in the error's message.
[[nodiscard]] Result<ServiceConfig> load_service_config(const std::string& path);

/// Serves until SIGTERM or SIGINT. SIGHUP reads the file again, and with it scenario, inventory,
/// signed plans, engagements, receivers and the API's certificate; where anything in them is wrong
/// all of them stay as they were. Listeners, names and the state folder need a restart.
[[nodiscard]] Result<void> serve(const ServiceConfig& config);

[[nodiscard]] std::string control_path(const std::string& state);
[[nodiscard]] std::string evidence_path(const std::string& state);

}  // namespace reachproof::orchestrator
