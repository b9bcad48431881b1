#include <charconv>

#include "core/hex.h"
#include "evidence/verify.h"
#include "orchestrator/api/objects.h"
#include "orchestrator/api/parts.h"
#include "orchestrator/api/stored.h"

/// The evidence as it stands, for those who check it themselves, and the audit log in it.
///
/// A record may speak of every segment at once, so records are for tokens of the whole fleet.
namespace reachproof::orchestrator::api {
namespace {

namespace json = boost::json;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Past the object that a cursor names; nothing where it names none.
std::optional<std::uint64_t> place_of(Page& page, Query& query) {
  if (page.after.empty()) return std::nullopt;
  auto place = number_of(page.after);
  if (!place) query.faults.push_back({"cursor", "is not a cursor of this list"});
  return place;
}

json::object record_view(const evidence::StoredRecord& record) {
  return {{"index", record.index},
          {"kind", record.kind},
          {"recorded_at", record.recorded_at},
          {"leaf_hash", core::hex(record.leaf)},
          {"bytes", record.body.size()}};
}

EvidenceDesk::Answer records_answer(EvidenceShelf& shelf, std::uint64_t first, std::size_t limit,
                                    const std::vector<std::string>& kinds) {
  const auto log = shelf.log();
  if (!log) return error_answer(log.error());
  json::array items;
  std::string last;
  bool more = false;
  const auto scanned = (*log)->scan(first, ~evidence::LeafIndex{0}, kinds,
                                    [&](const evidence::StoredRecord& record) {
                                      more = items.size() == limit;
                                      if (more) return false;
                                      items.push_back(record_view(record));
                                      last = std::to_string(record.index);
                                      return true;
                                    });
  if (!scanned) return error_answer(scanned.error());
  return {list_response(json::serialize(items), "records", more ? last : std::string()), false};
}

void list_records(const CallPtr& call, Parts& parts) {
  if (!call->caller.reach.everything()) return call->not_yours();
  auto page = page_of(call->query, "records");
  const auto after = place_of(page, call->query);
  std::vector<std::string> kinds;
  if (const auto kind = call->query.text("kind"); !kind.empty()) kinds.push_back(kind);
  if (call->refuse_query()) return;
  answer_from_evidence(
      call, parts,
      [first = after ? *after + 1 : 0, limit = page.limit, kinds = std::move(kinds)](
          EvidenceShelf& shelf) { return records_answer(shelf, first, limit, kinds); });
}

void show_record(const CallPtr& call, Parts& parts) {
  if (!call->caller.reach.everything()) return call->hidden();
  const auto index = number_of(call->path.at("index"));
  if (!index) return call->missing();
  answer_from_evidence(call, parts, [index = *index](EvidenceShelf& shelf) -> EvidenceDesk::Answer {
    const auto log = shelf.log();
    if (!log) return error_answer(log.error());
    const auto record = (*log)->read(index);
    if (!record) return error_answer(record.error());
    auto object = record_view(*record);
    object["body"] = record->body;
    return {json_response(200, json::serialize(object)), false};
  });
}

EvidenceDesk::Answer checkpoints_answer(EvidenceShelf& shelf, std::uint64_t after,
                                        std::size_t limit) {
  const auto log = shelf.log();
  if (!log) return error_answer(log.error());
  const auto notes = (*log)->checkpoints();
  if (!notes) return error_answer(notes.error());
  json::array items;
  std::string last;
  for (const auto& note : *notes) {
    const auto checkpoint = evidence::Checkpoint::parse(note);
    if (!checkpoint) return error_answer(checkpoint.error());
    if (checkpoint->size <= after && after > 0) continue;
    if (items.size() == limit) {
      return {list_response(json::serialize(items), "checkpoints", last), false};
    }
    items.push_back({{"size", checkpoint->size},
                     {"root", core::hex(checkpoint->root)},
                     {"note", json::string(note)}});
    last = std::to_string(checkpoint->size);
  }
  return {list_response(json::serialize(items), "checkpoints", {}), false};
}

void list_checkpoints(const CallPtr& call, Parts& parts) {
  auto page = page_of(call->query, "checkpoints");
  const auto after = place_of(page, call->query);
  if (call->refuse_query()) return;
  answer_from_evidence(call, parts,
                       [after = after.value_or(0), limit = page.limit](EvidenceShelf& shelf) {
                         return checkpoints_answer(shelf, after, limit);
                       });
}

EvidenceDesk::Answer proof_answer(EvidenceShelf& shelf, std::uint64_t index) {
  const auto log = shelf.log();
  if (!log) return error_answer(log.error());
  const auto note = (*log)->last_checkpoint();
  if (!note) return error_answer(note.error());
  const auto checkpoint = evidence::Checkpoint::parse(*note);
  if (!checkpoint) return error_answer(checkpoint.error());
  // Not signed yet, or not there: either way there is no proof.
  if (index >= checkpoint->size) return {problem_response(missing_object()), false};
  const auto proof = evidence::inclusion_proof(index, checkpoint->size, (*log)->node_reader());
  if (!proof) return error_answer(proof.error());
  const json::object object{
      {"index", index},
      {"size", checkpoint->size},
      {"proof_file", json::string(evidence::proof_file(index, *proof, *note))}};
  return {json_response(200, json::serialize(object)), false};
}

void show_proof(const CallPtr& call, Parts& parts) {
  if (!call->caller.reach.everything()) return call->hidden();
  const auto index = number_of(call->path.at("index"));
  if (!index) return call->missing();
  answer_from_evidence(
      call, parts, [index = *index](EvidenceShelf& shelf) { return proof_answer(shelf, index); });
}

void list_keys(const CallPtr& call, const Parts& parts) {
  json::array items;
  for (const auto& key : parts.options.keys) {
    items.push_back({{"name", json::string(key.name)},
                     {"vkey", json::string(key.text())},
                     {"pem", json::string(key.pem())}});
  }
  call->list(json::serialize(items), "keys", {});
}

/// The newest first. Bodies are JSON already, as they were hashed.
EvidenceDesk::Answer audit_answer(EvidenceShelf& shelf, std::uint64_t end, std::size_t limit) {
  const auto log = shelf.log();
  if (!log) return error_answer(log.error());
  std::string items;
  std::string last;
  std::size_t count = 0;
  bool more = false;
  const auto scanned =
      (*log)->scan_back(end, {std::string(kAuditKind)}, [&](const evidence::StoredRecord& record) {
        more = count == limit;
        if (more) return false;
        json::object head{{"index", record.index}, {"recorded_at", record.recorded_at}};
        auto text = json::serialize(head);
        text.insert(text.size() - 1, ",\"entry\":" + (record.body.empty() ? "null" : record.body));
        items += (count++ == 0 ? "" : ",") + text;
        last = std::to_string(record.index);
        return true;
      });
  if (!scanned) return error_answer(scanned.error());
  return {list_response("[" + items + "]", "audit-log", more ? last : std::string()), false};
}

void list_audit_log(const CallPtr& call, Parts& parts) {
  if (!call->caller.reach.everything()) return call->not_yours();
  auto page = page_of(call->query, "audit-log");
  const auto before = place_of(page, call->query);
  if (call->refuse_query()) return;
  answer_from_evidence(call, parts,
                       [end = before.value_or(~std::uint64_t{0}), limit = page.limit](
                           EvidenceShelf& shelf) { return audit_answer(shelf, end, limit); });
}

}  // namespace

void add_evidence_routes(Router& router, Parts& parts) {
  const auto add = [&](std::string pattern, Permission permission,
                       void (*handle)(const CallPtr&, Parts&), std::vector<std::string> query) {
    router.add({"GET", std::move(pattern), permission,
                [&parts, handle](const CallPtr& call) { handle(call, parts); }, std::move(query)});
  };
  add("/api/v1/evidence/records", Permission::SeeEvidence, list_records,
      {"limit", "cursor", "kind"});
  add("/api/v1/evidence/records/{index}", Permission::SeeEvidence, show_record, {});
  add("/api/v1/evidence/checkpoints", Permission::SeeEvidence, list_checkpoints,
      {"limit", "cursor"});
  add("/api/v1/evidence/proofs/{index}", Permission::SeeEvidence, show_proof, {});
  router.add({"GET", "/api/v1/evidence/keys", Permission::SeeEvidence,
              [&parts](const CallPtr& call) { list_keys(call, parts); }});
  add("/api/v1/audit-log", Permission::SeeAuditLog, list_audit_log, {"limit", "cursor"});
}

}  // namespace reachproof::orchestrator::api
