#include "reports/junit.h"

#include <fmt/core.h>

#include <iterator>
#include <map>
#include <vector>

#include "core/utf8.h"

namespace reachproof::reports {
namespace {

using core::CheckResult;
using evidence::StoredCheck;
using evidence::StoredRun;

/// Attribute and element text; characters that XML 1.0 cannot hold at all become `?`.
std::string escaped(std::string_view text) {
  const bool utf8 = core::valid_utf8_prefix(text) == text.size();
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += byte < 0x20 || byte == 0x7f || (byte > 0x7f && !utf8) ? '?' : c;
    }
  }
  return out;
}

struct Counts {
  int tests = 0;
  int failures = 0;
  int errors = 0;
  int skipped = 0;
  std::int64_t elapsed_us = 0;

  void add(const Counts& other) {
    tests += other.tests;
    failures += other.failures;
    errors += other.errors;
    skipped += other.skipped;
    elapsed_us += other.elapsed_us;
  }
};

std::string seconds(std::int64_t us) {
  return fmt::format("{}.{:03}", us / 1'000'000, us / 1000 % 1000);
}

std::int64_t elapsed_us(const StoredCheck& check) {
  std::int64_t sum = 0;
  for (const auto& seen : check.observations) {
    for (const auto& attempt : seen.attempts) sum += attempt.elapsed_us;
  }
  return sum;
}

/// The harness, not the network, kept the check from being carried out.
bool could_not_run(const StoredCheck& check) {
  const auto& verdict = check.verdict.verdict;
  return !check.has_verdict || (verdict.result == CheckResult::Unproven &&
                                verdict.reason == core::Reason::NotRun && check.check.gap.empty());
}

std::string message_of(const StoredCheck& check) {
  const auto& verdict = check.verdict.verdict;
  const auto message =
      fmt::format("{}: {}", core::word(verdict.reachability), core::explanation(verdict));
  return escaped(message);
}

std::string outcome_element(const StoredCheck& check, const Compared* compared, Counts& counts) {
  const auto& verdict = check.verdict.verdict;
  const auto record = check.verdict_record
                          ? fmt::format("evidence record {}", *check.verdict_record)
                          : std::string("no evidence record");
  if (could_not_run(check)) {
    ++counts.errors;
    return fmt::format("<error type=\"not-run\" message=\"{}\">{}</error>", message_of(check),
                       record);
  }
  if (core::is_failure(verdict.result) && compared != nullptr && !compared->is_new(check)) {
    ++counts.skipped;
    return fmt::format(
        "<skipped type=\"{}-before\" message=\"stood before, in {}: {}\">{}</skipped>",
        core::word(verdict.result), escaped(compared->baseline().header.run), message_of(check),
        record);
  }
  switch (verdict.result) {
    case CheckResult::Violation:
    case CheckResult::Broken:
      ++counts.failures;
      return fmt::format("<failure type=\"{}-{}\" message=\"{}\">{}</failure>",
                         core::word(verdict.result), core::word(verdict.reachability),
                         message_of(check), record);
    case CheckResult::Unproven:
    case CheckResult::Excepted:
      ++counts.skipped;
      return fmt::format("<skipped type=\"{}\" message=\"{}\">{}</skipped>",
                         core::word(verdict.result), message_of(check), record);
    case CheckResult::Pass:
    case CheckResult::InUse:
    case CheckResult::InUseNoted:
    case CheckResult::Idle:
      return "";
  }
  return "";
}

std::string test_case(const StoredRun& run, const StoredCheck& check, const Compared* compared,
                      Counts& counts) {
  ++counts.tests;
  const auto us = elapsed_us(check);
  counts.elapsed_us += us;
  const auto name = fmt::format("{} -> {} {} ({})", check.check.source, check.check.destination,
                                check.check.port_and_layer(), core::word(check.check.expectation));
  const auto element = outcome_element(check, compared, counts);
  const auto head = fmt::format("  <testcase classname=\"{}.{}\" name=\"{}\" time=\"{}\"",
                                escaped(run.header.scenario), escaped(check.check.rule),
                                escaped(name), seconds(us));
  return element.empty() ? head + "/>\n" : head + ">" + element + "</testcase>\n";
}

}  // namespace

std::string junit(const StoredRun& run, const Compared* compared) {
  std::map<std::string, std::vector<const StoredCheck*>> suites;
  for (const auto& check : run.checks) {
    suites[check.check.source_segment + " -> " + check.check.destination_segment].push_back(&check);
  }
  std::string body;
  Counts all;
  const auto timestamp = core::text(run.header.started).substr(0, 19);
  for (const auto& [name, checks] : suites) {
    Counts counts;
    std::string cases;
    for (const auto* check : checks) cases += test_case(run, *check, compared, counts);
    fmt::format_to(std::back_inserter(body),
                   " <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
                   "skipped=\"{}\" time=\"{}\" timestamp=\"{}\">\n{} </testsuite>\n",
                   escaped(name), counts.tests, counts.failures, counts.errors, counts.skipped,
                   seconds(counts.elapsed_us), timestamp, cases);
    all.add(counts);
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"reachproof {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
      "time=\"{}\">\n{}</testsuites>\n",
      escaped(run.header.run), all.tests, all.failures, all.errors, seconds(all.elapsed_us), body);
}

}  // namespace reachproof::reports
