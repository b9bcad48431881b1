#include <fmt/core.h>

#include <iterator>

#include "reports/run_text.h"

namespace reachproof::reports {
namespace {

using core::Observation;
using evidence::StoredCheck;
using evidence::StoredRun;

std::string sighting_words(const Observation& seen, std::size_t i) {
  const bool asked = seen.witness == core::WitnessState::Armed && i < seen.sightings.size() &&
                     seen.attempts[i].source_port != 0;
  if (!asked) return "";
  const auto& sighting = seen.sightings[i];
  if (!sighting.arrived) return "witness: nothing arrived";
  std::string words =
      fmt::format("witness: arrived, the host answered {}", core::word(sighting.answer));
  if (sighting.seen_source != seen.attempts[i].source ||
      sighting.seen_source_port != seen.attempts[i].source_port) {
    words += fmt::format(" (seen from {} port {}: translated on the way)",
                         sighting.seen_source.text(), sighting.seen_source_port);
  }
  return words;
}

void explain_attempts(std::string& out, const Observation& seen) {
  for (std::size_t i = 0; i < seen.attempts.size(); ++i) {
    const auto& attempt = seen.attempts[i];
    fmt::format_to(std::back_inserter(out), "    try {}", attempt.number);
    if (attempt.started.monotonic_us != 0) {
      fmt::format_to(std::back_inserter(out), " at {}", core::text(attempt.started.wall));
    }
    if (attempt.source_port != 0) {
      fmt::format_to(std::back_inserter(out), " from {} port {}", attempt.source.text(),
                     attempt.source_port);
    }
    std::string what = core::summary(attempt);
    if (attempt.exchange && seen.layer) {
      what += ", asked: " + core::summary(*attempt.exchange, seen.layer->ask.layer);
    }
    fmt::format_to(std::back_inserter(out), ": {} after {}.{:03} ms\n", printable(what),
                   attempt.elapsed_us / 1000, attempt.elapsed_us % 1000);
    const auto sighting = sighting_words(seen, i);
    if (!sighting.empty()) out += "          " + sighting + "\n";
  }
}

void explain_path(std::string& out, const core::Path& path, const Observation& seen) {
  const auto over = path.variant.empty() ? "" : " over " + path.variant;
  const auto port = path.port == 0 ? "" : fmt::format(" port {}", path.port);
  fmt::format_to(std::back_inserter(out), "  path {} -> {}{} ({}{})\n", path.vantage, path.target,
                 over, path.address.text(), port);
  explain_attempts(out, seen);
  fmt::format_to(std::back_inserter(out), "    witness: {}{}{}\n", core::word(seen.witness),
                 seen.witness_detail.empty() ? "" : ", ", printable(seen.witness_detail));
  fmt::format_to(std::back_inserter(out), "    port at the destination: {}{}{}\n",
                 core::word(seen.port), seen.port_detail.empty() ? "" : ", ",
                 printable(seen.port_detail));
  fmt::format_to(std::back_inserter(out), "    source proven alive: {}\n", core::word(seen.source));
}

void explain_rule(std::string& out, const StoredRun& run, const core::Check& check) {
  fmt::format_to(std::back_inserter(out), "  rule {}: {}\n", check.rule, printable(check.why));
  if (check.mark.line > 0) {
    const auto& file = check.mark_file.empty() ? run.header.scenario_file : check.mark_file;
    fmt::format_to(std::back_inserter(out), "  stands at {}:{}\n", printable(file),
                   check.mark.line);
  }
  fmt::format_to(std::back_inserter(out), "  expectation {}, severity {}{}{}\n",
                 core::word(check.expectation), core::word(check.severity),
                 check.exception.empty() ? "" : ", exception in force: ", check.exception);
}

void explain_records(std::string& out, const StoredCheck& check) {
  out += "  evidence:";
  const auto add = [&](std::string_view what, const std::optional<evidence::LeafIndex>& record) {
    if (record) fmt::format_to(std::back_inserter(out), " {} in record {}", what, *record);
  };
  add("plan", check.plan_record);
  add("facts", check.observation_record);
  add("verdict", check.verdict_record);
  out += "\n";
}

}  // namespace

std::string explanation(const StoredRun& run, const StoredCheck& stored, const Look& look) {
  const auto& check = stored.check;
  const auto& verdict = stored.verdict.verdict;
  std::string out =
      painted(look, Paint::Bold,
              fmt::format("{} -> {} {}", check.source, check.destination, check.port_and_layer()));
  fmt::format_to(std::back_inserter(out), "  [{}]\n", check.id);
  if (!stored.has_verdict) {
    out += "  no verdict: the run never finished\n";
  } else {
    out += "  " + painted(look, paint_of(verdict.result),
                          fmt::format("{} {}", symbol(verdict), core::word(verdict.result)));
    fmt::format_to(std::back_inserter(out), ": {}{}{}\n", core::word(verdict.reachability),
                   verdict.proof == core::Proof::None ? "" : ", ",
                   verdict.proof == core::Proof::None ? "" : core::word(verdict.proof));
    if (verdict.reachability == core::Reachability::Blocked && verdict.attempts > 0) {
      fmt::format_to(std::back_inserter(out),
                     "  of {} tries none got through: at most {:.1f} % of tries do (95 % "
                     "confidence)\n",
                     verdict.attempts, 100.0 * core::leak_rate_bound(verdict.attempts));
    }
    fmt::format_to(std::back_inserter(out), "  because {}\n",
                   printable(core::explanation(verdict)));
  }
  explain_rule(out, run, check);
  if (!check.gap.empty()) fmt::format_to(std::back_inserter(out), "  not tested: {}\n", check.gap);
  for (std::size_t p = 0; p < check.paths.size() && p < stored.observations.size(); ++p) {
    explain_path(out, check.paths[p], stored.observations[p]);
  }
  explain_records(out, stored);
  return out;
}

}  // namespace reachproof::reports
