#include "reports/markdown.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "reports/look.h"

namespace reachproof::reports {
namespace {

/// Text from outside that stays text: no link, no mention, no cell of its own.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '@') {
      out += "@\u200b";
    } else {
      if (std::string_view("\\`*_[]|#~!").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

/// A name in code style, where nothing but a backtick and a bar could get out.
std::string code(std::string_view text) {
  auto out = printable(text);
  std::ranges::replace(out, '`', '\'');
  std::ranges::replace(out, '|', '/');
  return "`" + out + "`";
}

void add_untested(std::string& out, const Report& report) {
  fmt::format_to(std::back_inserter(out), "**{}**\n", plain(report.untested_sentence));
  if (report.untested.empty()) return;
  out += "\n<details><summary>What was not tested, and why</summary>\n\n";
  for (const auto& item : report.untested) {
    fmt::format_to(std::back_inserter(out), "- {}: {}\n", plain(item.subject), plain(item.why));
  }
  out += "\n</details>\n";
}

void add_counts(std::string& out, const Report& report) {
  const auto& tally = report.tally;
  out +=
      "\n| violations | broken | unproven | excepted | passed | of them proved | corroborated only "
      "|"
      "\n|---|---|---|---|---|---|---|\n";
  fmt::format_to(std::back_inserter(out), "| {} | {} | {} | {} | {} | {} | {} |\n",
                 tally.violations, tally.broken, tally.unproven, tally.excepted, tally.passes,
                 tally.proved, tally.corroborated);
}

void add_departures(std::string& out, const Report& report) {
  if (report.departures.empty()) return;
  out += "\n| | what | rule | severity | why | record |\n|---|---|---|---|---|---|\n";
  const auto shown = std::min(report.departures.size(), kMarkdownDepartures);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& departure = report.departures[i];
    const auto& stored = *departure.check;
    const auto& verdict = stored.verdict.verdict;
    fmt::format_to(std::back_inserter(out), "| {}{} | {} | {} | {} | {} | {} |\n",
                   core::word(verdict.result), departure.is_new ? " (new)" : "",
                   code(flow_text(stored.check)), code(stored.check.rule),
                   core::word(stored.check.severity), plain(core::explanation(verdict)),
                   stored.verdict_record ? std::to_string(*stored.verdict_record) : "-");
  }
  if (report.departures.size() > shown) {
    fmt::format_to(std::back_inserter(out), "\n{} more are in the full report.\n",
                   report.departures.size() - shown);
  }
}

void add_change(std::string& out, const Report& report) {
  if (!report.change) return;
  const auto& diff = report.change->diff;
  fmt::format_to(
      std::back_inserter(out),
      "\nSince {}: {} opened, {} closed, {} lost sight of, {} newly unproven, {} stood before.\n",
      code(report.change->run), diff.opened.size(), diff.closed.size(), diff.lost_sight.size(),
      diff.dimmed.size(), diff.persisting);
  for (const auto& change : diff.closed) {
    fmt::format_to(std::back_inserter(out), "- closed: {}\n", code(change.id));
  }
}

void add_exceptions(std::string& out, const Report& report) {
  for (const auto& use : report.exceptions) {
    if (use.open == 0) continue;
    fmt::format_to(std::back_inserter(out), "\nException {}: {} open", code(use.id), use.open);
    if (use.rule != nullptr) {
      fmt::format_to(std::back_inserter(out), ", owner {}, {}, expires {}", plain(use.rule->owner),
                     plain(use.rule->ticket), core::text(use.rule->expires));
    }
    out += ".\n";
  }
}

}  // namespace

std::string markdown(const Report& report) {
  const auto& header = report.run.header;
  std::string out =
      fmt::format("## Reachproof: {}\n\n{}\n\n", plain(header.scenario), plain(report.sentence));
  add_untested(out, report);
  add_counts(out, report);
  add_departures(out, report);
  add_change(out, report);
  add_exceptions(out, report);
  fmt::format_to(std::back_inserter(out), "\nRun {}, {}, scenario {} (SHA-256 {}).\n",
                 code(header.run), core::text(header.started), code(header.scenario_file),
                 code(header.scenario_sha256.substr(0, 16)));
  return out;
}

}  // namespace reachproof::reports
