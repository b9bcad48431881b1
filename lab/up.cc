#include <fmt/format.h>

#include <charconv>
#include <cstdint>

#include "lab/build.h"
#include "lab/command.h"
#include "lab/lab.h"
#include "lab/netns.h"
#include "lab/plan.h"

namespace reachproof::lab {
namespace {

namespace fs = std::filesystem;

/// FNV-1a over everything that the lab is made from: the file, and the nft files it names.
std::string fingerprint_of(const Lab& lab) {
  std::uint64_t hash = 14695981039346656037U;
  const auto mix = [&](const std::string& text) {
    for (const char c : text + '\n') hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  };
  const auto mix_raw = [&](const Firewall& firewall) {
    for (const auto& raw : firewall.raw) mix(raw.text);
  };
  mix(lab.text);
  for (const auto& router : lab.routers) mix_raw(router.firewall);
  for (const auto& host : lab.hosts) mix_raw(host.firewall);
  return fmt::format("{:016x}", hash);
}

bool is_healthy(const Layout& layout, const Record& record) {
  std::error_code error;
  if (!helper_of(layout) || !fs::exists(layout.ready(), error)) return false;
  if (!layout.privileged) return true;  // the helper keeps them
  for (const auto& name : record.namespaces) {
    if (!netns_exists(layout.netns, name)) return false;
  }
  return true;
}

/// Somebody else's namespaces are never touched: not by `up`, nor by the cleaning after it.
Result<void> refuse_taken_names(const Layout& layout, const Record& record) {
  if (!layout.privileged) return {};
  for (const auto& name : record.namespaces) {
    std::error_code error;
    if (!fs::exists(layout.netns / name, error)) continue;
    fs::remove_all(layout.state, error);
    return fail(ErrorCode::Busy,
                fmt::format("the network namespace {} exists already and is not this lab's; rename "
                            "the lab, or remove it with `ip netns delete {}`",
                            name, name));
  }
  return {};
}

/// "CODE MESSAGE" from the helper; nothing when all is well.
Result<void> outcome_of(const std::string& report, const Layout& layout) {
  std::error_code error;
  if (report.empty() && fs::exists(layout.ready(), error)) return {};
  int code = 0;
  const auto [end, bad] = std::from_chars(report.data(), report.data() + report.size(), code);
  if (bad != std::errc{} || end == report.data() + report.size()) {
    return fail(ErrorCode::Internal, fmt::format("the lab's helper ended early: {}{}", report,
                                                 read_file_or_empty(layout.log())));
  }
  const auto at = static_cast<std::size_t>(end - report.data()) + 1;
  return fail(static_cast<ErrorCode>(code), report.substr(at));
}

Result<void> start(const Lab& lab, const Record& record, const Layout& layout,
                   const Programs& programs, int lock) {
  if (auto done = write_file(layout.lab_copy(), lab.text); !done) return done;
  if (auto done = write_record(layout, record); !done) return done;
  HelperStart helper{.command = programs.serve, .log = layout.log().string(), .lock = lock};
  helper.command.push_back(layout.state.string());
  auto report = start_helper(helper);
  if (!report) return tl::unexpected(report.error());
  return outcome_of(*report, layout);
}

Result<fs::path> write_inventory(const Lab& lab, const UpOptions& options, const Layout& layout) {
  const auto path = options.inventory.empty() ? layout.state / "inventory.yaml" : options.inventory;
  auto done = write_file(path, inventory_text(lab, options.programs, layout.privileged));
  if (!done) return tl::unexpected(done.error());
  return path;
}

}  // namespace

Result<UpReport> up(const Lab& lab, const UpOptions& options) {
  const auto layout = layout_of(lab.name);
  auto lock = lock_state(layout);
  if (!lock) return tl::unexpected(lock.error());
  const Record wanted{.file = fs::absolute(lab.file).string(),
                      .named = lab.file,
                      .fingerprint = fingerprint_of(lab),
                      .namespaces = plan_of(lab).namespaces()};
  UpReport report{.hosts = lab.hosts.size()};
  const auto standing = read_record(layout);
  const bool same = standing && standing->fingerprint == wanted.fingerprint &&
                    standing->file == wanted.file && is_healthy(layout, *standing);
  if (same) {
    report.how = UpReport::How::AlreadyUp;
  } else {
    if (standing) {
      report.how = UpReport::How::Rebuilt;
      if (auto done = tear_down(layout); !done) return tl::unexpected(done.error());
      lock = lock_state(layout);
      if (!lock) return tl::unexpected(lock.error());
    }
    if (auto done = refuse_taken_names(layout, wanted); !done) return tl::unexpected(done.error());
    if (auto done = start(lab, wanted, layout, options.programs, lock->get()); !done) {
      tear_down(layout);
      return tl::unexpected(done.error());
    }
  }
  auto inventory = write_inventory(lab, options, layout);
  if (!inventory) return tl::unexpected(inventory.error());
  report.inventory = std::move(*inventory);
  return report;
}

Result<bool> down(const std::string& lab_name) {
  if (!is_name(lab_name)) {
    return fail(ErrorCode::Usage, fmt::format("`{}` cannot name a lab", lab_name));
  }
  const auto layout = layout_of(lab_name);
  std::error_code error;
  if (!fs::exists(layout.state, error)) return false;
  const auto lock = lock_state(layout);
  if (!lock) return tl::unexpected(lock.error());
  const bool was_up = read_record(layout).has_value();
  if (auto done = tear_down(layout); !done) return tl::unexpected(done.error());
  return was_up;
}

Result<std::string> lab_name_in(const std::string& path) {
  auto text = scenarios::read_text_file(path);
  if (!text) return tl::unexpected(text.error());
  scenarios::Problems problems(path);
  const auto root = scenarios::parse_document(*text, problems);
  const auto* name = root.find("name");
  if (name != nullptr && is_name(name->text)) return name->text;
  return fail(ErrorCode::Config, fmt::format("`{}` does not say the lab's `name`", path));
}

}  // namespace reachproof::lab
