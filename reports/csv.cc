#include "reports/csv.h"

#include <fmt/core.h>

#include <set>

namespace reachproof::reports {
namespace {

using evidence::StoredCheck;

constexpr std::string_view kHeading =
    "run,check,expectation_id,source_segment,source_workload,destination_segment,"
    "destination_workload,destination_address,protocol,port,layer,expectation,reachability,proof,"
    "result,reason,exception,severity,first_attempt_utc,last_attempt_utc,attempts,connected,"
    "vantage,witness,record_index,leaf_sha256,checkpoint_size\r\n";

/// A cell as RFC 4180 has it, and as no spreadsheet runs it.
std::string cell(std::string_view text) {
  std::string out;
  const bool formula =
      !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  if (formula) out += '\'';
  out += text;
  if (out.find_first_of(",\"\r\n") == std::string::npos) return out;
  std::string quoted = "\"";
  for (const char c : out) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

class Row {
 public:
  Row& add(std::string_view text) {
    line_ += (line_.empty() ? "" : ",") + cell(text);
    return *this;
  }
  Row& add(std::uint64_t number) { return add(std::to_string(number)); }
  [[nodiscard]] std::string take() { return std::move(line_) + "\r\n"; }

 private:
  std::string line_;
};

/// The distinct texts of a check's paths, in their order.
template <class Text>
std::string joined(const StoredCheck& stored, Text text) {
  std::set<std::string> told;
  std::string out;
  for (std::size_t p = 0; p < stored.check.paths.size(); ++p) {
    const std::string part = text(p);
    if (part.empty() || !told.insert(part).second) continue;
    out += (out.empty() ? "" : " ") + part;
  }
  return out;
}

std::string witness_words(const StoredCheck& stored, std::size_t p) {
  if (p >= stored.observations.size()) return "";
  return std::string(core::word(stored.observations[p].witness));
}

std::string row_of(const Report& report, const StoredCheck& stored) {
  const auto& check = stored.check;
  const auto& verdict = stored.verdict.verdict;
  const auto times = tried(report.run, stored);
  const bool on_wire = verdict.attempts > 0;
  const auto* evidence = report.from.evidence;
  Row row;
  row.add(report.run.header.run).add(check.id).add(check.rule);
  row.add(check.source_segment).add(check.source);
  row.add(check.destination_segment).add(check.destination);
  row.add(joined(stored, [&](std::size_t p) { return check.paths[p].address.text(); }));
  row.add(core::word(check.port.protocol));
  row.add(check.port.port == 0 ? "" : std::to_string(check.port.port));
  row.add(check.layer ? check.layer->label : "");
  row.add(core::word(check.expectation)).add(core::word(verdict.reachability));
  row.add(core::word(verdict.proof)).add(core::word(verdict.result));
  row.add(core::explanation(verdict)).add(check.exception).add(core::word(check.severity));
  row.add(on_wire ? core::text(times.first) : "").add(on_wire ? core::text(times.last) : "");
  row.add(static_cast<std::uint64_t>(verdict.attempts));
  row.add(static_cast<std::uint64_t>(verdict.connected));
  row.add(joined(stored, [&](std::size_t p) { return check.paths[p].vantage; }));
  row.add(joined(stored, [&](std::size_t p) { return witness_words(stored, p); }));
  row.add(stored.verdict_record ? std::to_string(*stored.verdict_record) : "");
  row.add(report.leaf_sha256(stored.verdict_record));
  const bool covered = evidence != nullptr && evidence->checkpoint.size > 0;
  row.add(covered ? std::to_string(evidence->checkpoint.size) : "");
  return row.take();
}

}  // namespace

void write_csv(const Report& report, const Sink& sink) {
  sink(kHeading);
  for (const auto& check : report.run.checks) sink(row_of(report, check));
}

}  // namespace reachproof::reports
