#pragma once

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/hex.h"
#include "evidence/log.h"
#include "evidence/verify.h"

/// Logs in a folder of their own, and hands that reach into them as an attacker's would.
namespace reachproof::test {

class Folder {
 public:
  Folder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "reachproof-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// The key of RFC 8032 section 7.1 TEST 1: published, never to be used elsewhere.
inline evidence::SignerKey test_key(const std::string& name = "example.com/reachproof/demo") {
  const auto bytes =
      core::from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  std::array<std::uint8_t, 32> seed{};
  std::copy(bytes->begin(), bytes->end(), seed.begin());
  return *evidence::SignerKey::from_seed(name, seed);
}

inline evidence::Log open_log(const std::string& path) {
  auto log = evidence::Log::open(path, "test");
  EXPECT_TRUE(log.has_value()) << (log ? "" : log.error().message);
  return std::move(*log);
}

inline evidence::Record record(int number) {
  return {"verdict", R"({"kind":"verdict","n":)" + std::to_string(number) + R"(,"run":"r-1"})"};
}

inline void append(evidence::Log& log, int count) {
  std::vector<evidence::Record> records;
  for (int i = 0; i < count; ++i) records.push_back(record(static_cast<int>(log.size()) + i));
  const auto first = log.append(records, core::WallTime{});
  ASSERT_TRUE(first.has_value()) << first.error().message;
}

/// What anybody with the file can do: any SQL, the triggers gone before if so wanted.
inline std::string run_sql(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  sqlite3_open(path.c_str(), &database);
  char* message = nullptr;
  sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message);
  std::string error = message == nullptr ? "" : message;
  sqlite3_free(message);
  sqlite3_close(database);
  return error;
}

inline constexpr const char* kDropTriggers =
    "DROP TRIGGER record_no_delete; DROP TRIGGER record_dense; DROP TRIGGER record_no_update;";

/// Moves what the write-ahead log holds into the file itself.
inline void settle(const std::string& path) {
  run_sql(path, "PRAGMA wal_checkpoint(TRUNCATE);");
}

/// All problems in one text; an error of the check itself counts as one.
inline std::string problems(const std::string& path, const evidence::SignerKey& key = test_key()) {
  const auto report = evidence::verify_log(path, key.verifier());
  if (!report) return "cannot be checked: " + report.error().message;
  std::string text;
  for (const auto& problem : report->problems) text += problem + "\n";
  return text;
}

}  // namespace reachproof::test
