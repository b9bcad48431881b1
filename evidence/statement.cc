#include "evidence/statement.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "core/hex.h"
#include "evidence/json_text.h"

namespace reachproof::evidence {
namespace {

namespace json = boost::json;

constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";

struct TestLists {
  std::vector<std::string> passed;
  std::vector<std::string> warned;
  std::vector<std::string> failed;
  bool untested = false;  ///< a rule that no check tests, or nothing at all

  [[nodiscard]] std::string_view result() const {
    if (!failed.empty()) return "FAILED";
    return warned.empty() && !untested ? "PASSED" : "WARNED";
  }
};

void sort_into(TestLists& lists, std::string name, core::CheckResult result) {
  switch (result) {
    case core::CheckResult::Pass:
      lists.passed.push_back(std::move(name));
      return;
    case core::CheckResult::Violation:
    case core::CheckResult::Broken:
      lists.failed.push_back(std::move(name));
      return;
    case core::CheckResult::Unproven:
    case core::CheckResult::Excepted:
      lists.warned.push_back(std::move(name));
      return;
    case core::CheckResult::InUse:
    case core::CheckResult::InUseNoted:
    case core::CheckResult::Idle:
      return;  // permitted flows are reported, never tested
  }
}

TestLists test_lists(std::span<const StoredRun> runs) {
  TestLists lists;
  for (const auto& run : runs) {
    const auto prefix = runs.size() == 1 ? "" : run.header.run + "/";
    for (const auto& check : run.checks) {
      const auto result =
          check.has_verdict ? check.verdict.verdict.result : core::CheckResult::Unproven;
      sort_into(lists, prefix + check.check.id, result);
    }
    lists.untested = lists.untested || !run.gaps.empty() || run.checks.empty() || !run.end;
  }
  lists.untested = lists.untested || runs.empty();
  return lists;
}

void write_digest(JsonText& out, std::string_view sha256) {
  out.key("digest").begin_object().field("sha256", sha256).end_object();
}

/// Scenarios and inventories, each once.
void write_configuration(JsonText& out, std::span<const StoredRun> runs) {
  std::set<std::pair<std::string, std::string>> files;
  for (const auto& run : runs) {
    files.emplace(run.header.scenario_file, run.header.scenario_sha256);
    files.emplace(run.header.inventory_file, run.header.inventory_sha256);
  }
  out.key("configuration").begin_array();
  for (const auto& [name, sha256] : files) {
    out.begin_object();
    write_digest(out, sha256);
    out.field("name", name).end_object();
  }
  out.end_array();
}

void write_tail(JsonText& out, std::string_view predicate_type, std::span<const Subject> subjects) {
  out.field("predicateType", predicate_type).key("subject").begin_array();
  for (const auto& subject : subjects) {
    out.begin_object();
    write_digest(out, core::hex(subject.sha256));
    out.field("name", subject.name).end_object();
  }
  out.end_array().end_object();
}

void write_run(JsonText& out, const StoredRun& run) {
  out.begin_object();
  if (run.end) out.field("corroborated", run.end->corroborated);
  out.field("finished", run.end ? core::text(run.end->finished) : "");
  out.field("gaps", run.gaps.size());
  out.field("interrupted", run.end ? run.end->interrupted : "it never finished");
  out.field("inventory_sha256", run.header.inventory_sha256);
  out.field("judge", run.header.judge_version);
  if (run.end) out.field("proved", run.end->proved);
  out.flag("require_proved", run.header.require_proved);
  out.key("results").begin_object();
  if (run.end) {
    for (const auto& [word, count] : run.end->results) out.field(word, count);
  }
  out.end_object().field("run", run.header.run).field("scenario", run.header.scenario);
  out.field("scenario_sha256", run.header.scenario_sha256);
  out.field("software", run.header.software).field("started", core::text(run.header.started));
  out.field("who", run.header.who).field("why", run.header.why).end_object();
}

std::string text_in(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::optional<Subject> subject_in(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  const auto* digest = value.get_object().if_contains("digest");
  if (digest == nullptr || !digest->is_object()) return std::nullopt;
  const auto bytes = core::from_hex(text_in(digest->get_object(), "sha256"));
  Subject subject{.name = text_in(value.get_object(), "name")};
  if (!bytes || bytes->size() != subject.sha256.size() || subject.name.empty()) return std::nullopt;
  std::ranges::copy(*bytes, subject.sha256.begin());
  return subject;
}

}  // namespace

std::string test_result_statement(std::span<const Subject> subjects,
                                  std::span<const StoredRun> runs) {
  const auto lists = test_lists(runs);
  JsonText out;
  out.begin_object().field("_type", kStatementType).key("predicate").begin_object();
  write_configuration(out, runs);
  out.texts("failedTests", lists.failed).texts("passedTests", lists.passed);
  out.field("result", lists.result()).texts("warnedTests", lists.warned).end_object();
  write_tail(out, kTestResultPredicate, subjects);
  return out.take();
}

std::string run_statement(std::span<const Subject> subjects, const RunStatement& about,
                          std::span<const StoredRun> runs) {
  JsonText out;
  out.begin_object().field("_type", kStatementType).key("predicate").begin_object();
  out.key("checkpoint").begin_object().field("origin", about.checkpoint.origin);
  out.field("root", core::hex(about.checkpoint.root)).field("size", about.checkpoint.size);
  out.end_object().field("end_record", about.end_record);
  out.field("exported", core::text(about.exported)).field("first_record", about.first_record);
  out.key("runs").begin_array();
  for (const auto& run : runs) write_run(out, run);
  out.end_array().field("software", about.software).end_object();
  write_tail(out, kRunPredicate, subjects);
  return out.take();
}

const Subject* StatementHead::subject(std::string_view name) const {
  const auto found = std::ranges::find(subjects, name, &Subject::name);
  return found == subjects.end() ? nullptr : &*found;
}

Result<StatementHead> statement_head(std::string_view statement) {
  const auto bad = [](std::string_view what) {
    return fail(ErrorCode::Corrupt, fmt::format("not an in-toto statement v1: {}", what));
  };
  json::error_code error;
  const auto value = json::parse(statement, error);
  if (error || !value.is_object()) return bad("not a JSON object");
  const auto& object = value.get_object();
  if (text_in(object, "_type") != kStatementType) return bad("another `_type`");
  StatementHead head{.predicate_type = text_in(object, "predicateType"), .subjects = {}};
  const auto* subjects = object.if_contains("subject");
  if (subjects == nullptr || !subjects->is_array()) return bad("it has no `subject`");
  for (const auto& item : subjects->get_array()) {
    auto subject = subject_in(item);
    if (!subject) return bad("a subject lacks its name or SHA-256");
    if (head.subject(subject->name) != nullptr) return bad("two subjects of one name");
    head.subjects.push_back(std::move(*subject));
  }
  return head;
}

}  // namespace reachproof::evidence
