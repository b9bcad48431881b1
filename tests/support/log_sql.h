#pragma once

#include <sqlite3.h>

#include <string>
#include <vector>

#include "evidence/packing.h"

namespace reachproof::test {

/// The first column of a query over an evidence file, in which `body_text(body)` is a record's body
/// as it was hashed, however it rests. Nothing where the file cannot be read, or the query is
/// wrong.
inline std::vector<std::string> log_rows(const std::string& path, const std::string& query) {
  std::vector<std::string> rows;
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr);
  sqlite3_busy_timeout(database, 5000);
  evidence::Unpacker unpacker;
  const auto unpack = [](sqlite3_context* context, int, sqlite3_value** values) {
    auto* own = static_cast<evidence::Unpacker*>(sqlite3_user_data(context));
    const auto* bytes = static_cast<const char*>(sqlite3_value_blob(values[0]));
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(values[0]));
    const auto body =
        own->unpack(bytes == nullptr ? std::string_view() : std::string_view(bytes, size));
    if (!body) return sqlite3_result_error(context, "a body cannot be unpacked", -1);
    sqlite3_result_text(context, body->data(), static_cast<int>(body->size()), SQLITE_TRANSIENT);
  };
  sqlite3_create_function(database, "body_text", 1, SQLITE_UTF8, &unpacker, unpack, nullptr,
                          nullptr);
  sqlite3_stmt* statement = nullptr;
  if (opened == SQLITE_OK &&
      sqlite3_prepare_v2(database, query.c_str(), -1, &statement, nullptr) == SQLITE_OK) {
    while (sqlite3_step(statement) == SQLITE_ROW) {
      const auto* text = sqlite3_column_text(statement, 0);
      rows.emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text));
    }
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return rows;
}

}  // namespace reachproof::test
