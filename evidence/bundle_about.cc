#include "evidence/bundle_about.h"

#include <boost/json.hpp>

#include "evidence/json_text.h"

namespace reachproof::evidence {
namespace {

namespace json = boost::json;

constexpr std::string_view kFormat = "reachproof-bundle/v1";

std::string text_in(const json::object& object, std::string_view name) {
  const auto* field = object.if_contains(name);
  return field != nullptr && field->is_string() ? std::string(field->get_string()) : "";
}

std::uint64_t number_in(const json::object& object, std::string_view name) {
  const auto* field = object.if_contains(name);
  const bool sound = field != nullptr && field->is_int64() && field->get_int64() >= 0;
  return sound ? static_cast<std::uint64_t>(field->get_int64()) : 0;
}

std::vector<std::string> texts_in(const json::object& object, std::string_view name) {
  std::vector<std::string> texts;
  const auto* field = object.if_contains(name);
  if (field == nullptr || !field->is_array()) return texts;
  for (const auto& item : field->get_array()) {
    if (item.is_string()) texts.emplace_back(item.get_string());
  }
  return texts;
}

}  // namespace

std::string BundleAbout::text() const {
  JsonText out;
  out.begin_object();
  if (!control.empty()) out.field("control", control);
  out.field("end_record", end_record).field("first_record", first_record);
  out.field("format", kFormat).key("left_out").begin_object();
  out.field("bodies", bodies_left_out).texts("files", files_left_out).end_object();
  out.field("origin", origin).field("redact", word(redaction)).texts("runs", runs).end_object();
  return out.take() + "\n";
}

Result<BundleAbout> BundleAbout::parse(std::string_view text) {
  json::error_code error;
  const auto value = json::parse(text, error);
  if (error || !value.is_object()) return fail(ErrorCode::Corrupt, "it is not a JSON object");
  const auto& object = value.get_object();
  if (text_in(object, "format") != kFormat) {
    return fail(ErrorCode::Corrupt, "it is of a format that this release does not know");
  }
  const auto redaction = redaction_of(text_in(object, "redact"));
  if (!redaction) return tl::unexpected(redaction.error());
  BundleAbout about{.origin = text_in(object, "origin"),
                    .first_record = number_in(object, "first_record"),
                    .end_record = number_in(object, "end_record"),
                    .redaction = *redaction,
                    .files_left_out = {},
                    .runs = texts_in(object, "runs"),
                    .control = text_in(object, "control")};
  if (const auto* left_out = object.if_contains("left_out"); left_out && left_out->is_object()) {
    about.bodies_left_out = number_in(left_out->get_object(), "bodies");
    about.files_left_out = texts_in(left_out->get_object(), "files");
  }
  if (about.text() != text) return fail(ErrorCode::Corrupt, "a field is missing, or one too many");
  return about;
}

}  // namespace reachproof::evidence
