#include "probe/agent/spool.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "host/whole_file.h"

namespace reachproof::probe {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = protocol::kBatchBytesMax + 1024;

std::string file_text(const protocol::Batch& batch) {
  return fmt::format("{}\n{}", batch.signature, batch.lines);
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
    std::uint64_t sequence = 0;
    const auto [end, error] =
        std::from_chars(ending.data(), ending.data() + ending.size(), sequence);
    auto text = host::read_file(entry.path().string(), kFileBytesMax);
    const auto line = text ? text->find('\n') : std::string::npos;
    const bool sound = is_session_id(session) && error == std::errc{} &&
                       end == ending.data() + ending.size() && line != std::string::npos;
    if (!sound) {
      fs::rename(entry.path(), entry.path().string() + ".bad", failed);
      continue;
    }
    protocol::Batch batch{.session = session,
                          .sequence = sequence,
                          .lines = text->substr(line + 1),
                          .signature = text->substr(0, line)};
    bytes_ += batch.lines.size();
    last_[session] = std::max(last_[session], sequence);
    batches_[session][sequence] = std::move(batch);
  }
  if (failed) {
    return fail(ErrorCode::Io, fmt::format("cannot read `{}`: {}", folder_, failed.message()));
  }
  return {};
}

std::string Spool::path(const std::string& session, std::uint64_t sequence) const {
  return fmt::format("{}/{}.{}", folder_, session, sequence);
}

Result<void> Spool::begin(const std::string& session) {
  return host::replace_file(folder_ + "/" + session + ".open", "");
}

Result<void> Spool::put(const protocol::Batch& batch) {
  if (auto kept = host::replace_file(path(batch.session, batch.sequence), file_text(batch));
      !kept) {
    return kept;
  }
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
    ::unlink(path(session, waiting.begin()->first).c_str());
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
