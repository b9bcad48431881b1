#include <fmt/core.h>

#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/verb.h"
#include "core/rate.h"
#include "host/whole_file.h"
#include "orchestrator/grants.h"
#include "protocol/dsse.h"

namespace reachproof::cli {
namespace {

namespace json = boost::json;

struct SignOptions {
  DocumentOptions documents;
  std::string key_file;
  std::string probes_file;
  std::string out_file = "signed-plans.jsonl";
  std::string valid = "7d";
  std::string hours;
  std::string engagement;
  std::uint64_t version = 0;
};

/// Ids by name, from what `reachproof probe list -o json` printed.
Result<std::map<std::string, std::string>> probe_ids(const std::string& path) {
  constexpr std::size_t kFileBytesMax = 64U << 20U;
  auto text = host::read_file(path, kFileBytesMax);
  if (!text) return tl::unexpected(text.error());
  std::map<std::string, std::string> ids;
  try {
    const auto printed = json::parse(*text);  // a name of its own: the loop refers into it
    for (const auto& item : printed.at("probes").as_array()) {
      const auto& probe = item.as_object();
      if (probe.at("state").as_string() == "banned") continue;
      ids[std::string(probe.at("name").as_string())] = std::string(probe.at("id").as_string());
    }
  } catch (const std::exception&) {
    return fail(ErrorCode::Config,
                fmt::format("`{}` is not what `reachproof probe list -o json` prints", path));
  }
  return ids;
}

void sign(Context& context, const SignOptions& options) {
  const auto valid = core::parse_duration(options.valid);
  if (!valid) return complain(context, {ErrorCode::Usage, "--valid: not a duration such as 7d"});
  protocol::Grant frame;
  if (!options.hours.empty()) {
    frame.hours = core::HoursWindow::parse(options.hours);
    if (!frame.hours) {
      return complain(context, {ErrorCode::Usage, "--hours: not a window such as 01:00-05:00"});
    }
  }
  auto pem = host::read_file(options.key_file, 8192);
  if (!pem) return complain(context, pem.error());
  const auto key = protocol::KeyPair::from_pem(*pem);
  if (!key)
    return complain(context, {ErrorCode::Config, options.key_file + ": " + key.error().message});
  const auto ids = probe_ids(options.probes_file);
  if (!ids) return complain(context, ids.error());
  const auto documents = load_documents(context, options.documents, true);
  if (!documents) return;
  const auto now = *time_of(context, options.documents);
  const auto plan = plan_of(context, *documents, {.now = now});
  if (!plan) return;
  frame.version = options.version != 0
                      ? options.version
                      : static_cast<std::uint64_t>(now.time_since_epoch().count() / 1000);
  frame.from = now;
  frame.until = now + *valid;
  frame.scenario = documents->scenario.name;
  frame.scenario_sha256 = protocol::sha256_hex(documents->scenario.text);
  frame.engagement = options.engagement;
  std::string lines;
  const auto grants = orchestrator::grants_of(*plan, documents->inventory, *ids, frame);
  for (const auto& grant : grants) {
    lines += protocol::sign_envelope(protocol::kGrantType, protocol::encode(grant), {*key}) + "\n";
  }
  if (auto kept = host::replace_file(options.out_file, lines, 0644); !kept) {
    return complain(context, kept.error());
  }
  std::cout << fmt::format("{} probes, version {}, until {}, signed by {}\n", grants.size(),
                           frame.version, core::text(frame.until),
                           key->public_key().fingerprint().substr(0, 16));
}

}  // namespace

void add_sign(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("sign", "Sign what a scenario asks of each enrolled probe");
  auto options = std::make_shared<SignOptions>();
  add_document_options(*verb, options->documents);
  verb->add_option("--key", options->key_file, "Policy key, PEM: Ed25519 or P-256")->required();
  verb->add_option("--probes", options->probes_file, "Output of `reachproof probe list -o json`")
      ->required();
  verb->add_option("--out", options->out_file)->capture_default_str();
  verb->add_option("--valid", options->valid, "From now on")->capture_default_str();
  verb->add_option("--hours", options->hours, "Daily window in UTC, such as 01:00-05:00");
  verb->add_option("--engagement", options->engagement, "Id of the engagement");
  verb->add_option("--plan-version", options->version, "Grows; the time in seconds where missing");
  add_examples(*verb, {"openssl genpkey -algorithm ed25519 -out policy.key",
                       "reachproof sign scenario.yaml --key policy.key --probes probes.json"});
  verb->callback([&context, options] { sign(context, *options); });
}

}  // namespace reachproof::cli
