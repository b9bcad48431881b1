#include "probe/agent/spool.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <tuple>

#include "host/whole_file.h"

namespace reachproof::probe {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = protocol::kBatchBytesMax + 1024;

std::string file_text(const protocol::Batch& batch) {
  return fmt::format("{}\n{}", batch.signature, batch.lines);
}

/// "<session>.<sequence>"
std::optional<std::pair<std::string, std::uint64_t>> place_of(const std::string& name) {
  const auto dot = name.rfind('.');
  if (dot == std::string::npos || !is_session_id(name.substr(0, dot))) return std::nullopt;
  std::uint64_t sequence = 0;
  const auto* last = name.data() + name.size();
  const auto [end, error] = std::from_chars(name.data() + dot + 1, last, sequence);
  if (error != std::errc{} || end != last) return std::nullopt;
  return std::pair{name.substr(0, dot), sequence};
}

std::optional<protocol::Batch> read_batch(const std::string& path,
                                          const std::pair<std::string, std::uint64_t>& place) {
  auto text = host::read_file(path, kFileBytesMax);
  const auto line = text ? text->find('\n') : std::string::npos;
  if (line == std::string::npos) return std::nullopt;
  return protocol::Batch{.session = place.first,
                         .sequence = place.second,
                         .lines = text->substr(line + 1),
                         .signature = text->substr(0, line)};
}

}  // namespace

bool is_session_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<Spool> Spool::open(const std::string& folder, std::uint64_t bytes_max) {
  Spool spool;
  spool.folder_ = folder;
  spool.bytes_max_ = bytes_max;
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) {
    return fail(ErrorCode::Io, fmt::format("cannot make `{}`: {}", folder, failed.message()));
  }
  if (auto loaded = spool.load(); !loaded) return tl::unexpected(loaded.error());
  return spool;
}

Result<void> Spool::load() {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder_, failed)) {
    const auto name = entry.path().filename().string();
    const auto dot = name.rfind('.');
    const auto session = name.substr(0, dot);
    const auto ending = dot == std::string::npos ? "" : name.substr(dot + 1);
    if (ending == "bad" || ending == "new") continue;
    if (is_session_id(session) && ending == "open") {
      left_behind_.push_back(session);
      continue;
    }
    if (entry.is_directory(failed)) continue;  // what is kept
    const auto place = place_of(name);
    auto batch = place ? read_batch(entry.path().string(), *place) : std::nullopt;
    if (!batch) {
      fs::rename(entry.path(), entry.path().string() + ".bad", failed);
      continue;
    }
    bytes_ += batch->lines.size();
    last_[session] = std::max(last_[session], batch->sequence);
    batches_[session][batch->sequence] = std::move(*batch);
  }
  if (failed) {
    return fail(ErrorCode::Io, fmt::format("cannot read `{}`: {}", folder_, failed.message()));
  }
  return load_kept();
}

// ---- what is kept of what was confirmed ----

std::string Spool::kept_path(const Kept& kept) const {
  return fmt::format("{}/kept/{}.{}", folder_, kept.session, kept.sequence);
}

Result<void> Spool::load_kept() {
  std::error_code failed;
  fs::create_directories(folder_ + "/kept", failed);
  if (failed) {
    return fail(ErrorCode::Io, fmt::format("cannot make `{}/kept`: {}", folder_, failed.message()));
  }
  std::vector<std::pair<fs::file_time_type, Kept>> found;
  for (const auto& entry : fs::directory_iterator(folder_ + "/kept", failed)) {
    const auto place = place_of(entry.path().filename().string());
    if (!place) continue;
    std::error_code unknown;
    found.emplace_back(entry.last_write_time(unknown),
                       Kept{place->first, place->second, entry.file_size(unknown)});
  }
  std::ranges::sort(found, [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second.session, a.second.sequence) <
           std::tie(b.first, b.second.session, b.second.sequence);
  });
  for (auto& [time, kept] : found) {
    kept_bytes_ += kept.bytes;
    kept_.push_back(std::move(kept));
  }
  drop_kept_until(bytes_max_ / 2);
  return {};
}

void Spool::keep(const std::string& session, std::uint64_t sequence, std::uint64_t bytes) {
  Kept kept{session, sequence, bytes};
  if (::rename(path(session, sequence).c_str(), kept_path(kept).c_str()) != 0) {
    ::unlink(path(session, sequence).c_str());
    return;
  }
  kept_bytes_ += bytes;
  kept_.push_back(std::move(kept));
  drop_kept_until(bytes_max_ / 2);
}

void Spool::drop_kept_until(std::uint64_t bytes_max) {
  while (!kept_.empty() && kept_bytes_ > bytes_max) {
    ::unlink(kept_path(kept_.front()).c_str());
    kept_bytes_ -= kept_.front().bytes;
    kept_.pop_front();
  }
}

std::vector<std::string> Spool::take_up_kept() {
  std::vector<std::string> sessions;
  for (auto kept = kept_.rbegin(); kept != kept_.rend(); ++kept) {
    if (std::ranges::find(sessions, kept->session) == sessions.end()) {
      sessions.push_back(kept->session);
    }
    if (sessions.size() == kKeptSessionsMax) break;
  }
  std::deque<Kept> others;
  for (auto& kept : kept_) {
    if (std::ranges::find(sessions, kept.session) == sessions.end()) {
      others.push_back(std::move(kept));
      continue;
    }
    kept_bytes_ -= kept.bytes;
    auto batch = read_batch(kept_path(kept), {kept.session, kept.sequence});
    if (!batch ||
        ::rename(kept_path(kept).c_str(), path(kept.session, kept.sequence).c_str()) != 0) {
      continue;
    }
    bytes_ += batch->lines.size();
    last_[kept.session] = std::max(last_[kept.session], kept.sequence);
    batches_[kept.session][kept.sequence] = std::move(*batch);
  }
  kept_ = std::move(others);
  return sessions;
}

std::string Spool::path(const std::string& session, std::uint64_t sequence) const {
  return fmt::format("{}/{}.{}", folder_, session, sequence);
}

Result<void> Spool::begin(const std::string& session) {
  return host::replace_file(folder_ + "/" + session + ".open", "");
}

Result<void> Spool::put(const protocol::Batch& batch) {
  const auto place = path(batch.session, batch.sequence);
  auto written = host::replace_file(place, file_text(batch));
  if (!written && !kept_.empty()) {
    drop_kept_until(0);  // perhaps for want of room
    written = host::replace_file(place, file_text(batch));
  }
  if (!written) return written;
  bytes_ += batch.lines.size();
  last_[batch.session] = std::max(last_[batch.session], batch.sequence);
  batches_[batch.session][batch.sequence] = batch;
  return {};
}

void Spool::confirm(const std::string& session, std::uint64_t sequence) {
  const auto it = batches_.find(session);
  if (it == batches_.end()) return;
  auto& waiting = it->second;
  while (!waiting.empty() && waiting.begin()->first <= sequence) {
    keep(session, waiting.begin()->first, waiting.begin()->second.lines.size());
    bytes_ -= waiting.begin()->second.lines.size();
    waiting.erase(waiting.begin());
  }
  if (waiting.empty()) batches_.erase(it);
}

void Spool::forget(const std::string& session) {
  confirm(session, UINT64_MAX);
  last_.erase(session);
  ::unlink((folder_ + "/" + session + ".open").c_str());
}

std::vector<protocol::Batch> Spool::next(std::size_t bytes_max) const {
  std::vector<protocol::Batch> chosen;
  std::size_t bytes = 0;
  for (const auto& [session, waiting] : batches_) {
    for (const auto& [sequence, batch] : waiting) {
      if (!chosen.empty() && bytes + batch.lines.size() > bytes_max) return chosen;
      bytes += batch.lines.size();
      chosen.push_back(batch);
    }
  }
  return chosen;
}

std::size_t Spool::batches() const {
  std::size_t count = 0;
  for (const auto& [session, waiting] : batches_) count += waiting.size();
  return count;
}

std::uint64_t Spool::last_sequence(const std::string& session) const {
  const auto it = last_.find(session);
  return it == last_.end() ? 0 : it->second;
}

}  // namespace reachproof::probe
