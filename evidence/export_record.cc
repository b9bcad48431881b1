#include "evidence/export_record.h"

#include "core/hex.h"
#include "core/utf8.h"
#include "evidence/json_text.h"

namespace reachproof::evidence {
namespace {

constexpr std::size_t kTextBytesMax = 500;

Record record_of(const ExportRequest& request, const ExportReport& report, const std::string& by) {
  JsonText out;
  out.begin_object().field("bundle", core::cut_utf8(report.folder, kTextBytesMax));
  out.field("by", core::cut_utf8(by, kTextBytesMax));
  if (!request.control.empty()) {
    out.field("control", core::cut_utf8(request.control, kTextBytesMax));
  }
  out.field("end_record", request.range.end).field("first_record", request.range.first);
  out.field("kind", "export").field("manifest", core::hex(report.manifest));
  out.field("redact", word(request.redaction)).field("time", core::text(request.now));
  return {"export", out.end_object().take()};
}

}  // namespace

Result<LeafIndex> record_export(const KeyUse& use, const ExportRequest& request,
                                const ExportReport& report, const std::string& by) {
  const auto key = SignerKey::load(use.files.log);
  if (!key) return tl::unexpected(key.error());
  auto log = Log::open(use.log_path, use.holder);
  if (!log) return tl::unexpected(log.error());
  const auto record = record_of(request, report, by);
  auto place = log->append(std::span(&record, 1), request.now);
  if (!place) return place;
  if (auto note = log->sign(*key, request.now); !note) return tl::unexpected(note.error());
  return place;
}

}  // namespace reachproof::evidence
