#include "reports/html.h"

#include "reports/report_json.h"

namespace reachproof::reports {
namespace {

/// Where web/ leaves a place for the data.
constexpr std::string_view kPlace = "<script type=\"application/json\" id=\"report-data\">";

/// JSON that no HTML parser can find an end tag or a comment in.
std::string without_tags(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

Result<void> write_html(const Report& report, std::string_view page, const Sink& sink) {
  const auto place = page.find(kPlace);
  if (place == std::string_view::npos) {
    return fail(ErrorCode::Internal,
                "this program was built without the report page: Node.js and npm were missing "
                "then. Another format works; `tools/dev setup` installs what the page needs");
  }
  const auto begin = place + kPlace.size();
  sink(page.substr(0, begin));
  write_report_json(report, kPageChecksMax,
                    [&](std::string_view piece) { sink(without_tags(piece)); });
  sink(page.substr(begin));
  return {};
}

}  // namespace reachproof::reports
