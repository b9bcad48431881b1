#include "evidence/database.h"

#include <fmt/core.h>
#include <sqlite3.h>

namespace reachproof::evidence {
namespace {

constexpr int kBusyMs = 5000;

ErrorCode code_of(int sqlite) {
  switch (sqlite & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::Busy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
      return ErrorCode::Corrupt;
    default:
      return ErrorCode::Io;
  }
}

/// "file:<path>?immutable=1" (https://www.sqlite.org/uri.html), every other byte escaped.
std::string frozen_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '.' || c == '-' || c == '_';
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri + "?immutable=1";
}

}  // namespace

void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}
void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  Database database;
  sqlite3* raw = nullptr;
  const int flags =
      mode == Mode::ReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const int uri = mode == Mode::Frozen ? SQLITE_OPEN_URI : 0;
  const auto name = mode == Mode::Frozen ? frozen_uri(path) : path;
  const int status =
      sqlite3_open_v2(name.c_str(), &raw, flags | uri | SQLITE_OPEN_NOMUTEX, nullptr);
  database.handle_.reset(raw);
  if (status != SQLITE_OK) {
    return fail(ErrorCode::Io, fmt::format("cannot open the evidence file `{}`: {}", path,
                                           raw == nullptr ? "no memory" : sqlite3_errmsg(raw)));
  }
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyMs);
  // A file from elsewhere may hold a schema of its own making: nothing in it is trusted to run.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Result<void> Database::run(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failure("evidence file");
  }
  return {};
}

Result<std::int64_t> Database::number(const char* sql) const {
  auto statement = Statement::prepare(*this, sql);
  if (!statement) return tl::unexpected(statement.error());
  auto row = statement->step();
  if (!row) return tl::unexpected(row.error());
  return *row ? statement->column_number(0) : 0;
}

std::uint64_t Database::changed_rows() const {
  return static_cast<std::uint64_t>(sqlite3_changes64(handle_.get()));
}

tl::unexpected<Error> Database::failure(std::string_view doing) const {
  return fail(code_of(sqlite3_extended_errcode(handle_.get())),
              fmt::format("{}: {}", doing, sqlite3_errmsg(handle_.get())));
}

Result<Statement> Statement::prepare(const Database& database, std::string_view sql) {
  Statement statement;
  sqlite3_stmt* raw = nullptr;
  const int status = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  statement.handle_.reset(raw);
  if (status != SQLITE_OK) return database.failure("evidence file");
  return statement;
}

Statement& Statement::bind(int place, std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), place, value);
  return *this;
}

Statement& Statement::bind_text(int place, std::string_view value) {
  sqlite3_bind_text(handle_.get(), place, value.data(), static_cast<int>(value.size()),
                    SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_blob(int place, std::span<const std::uint8_t> value) {
  sqlite3_bind_blob(handle_.get(), place, value.data(), static_cast<int>(value.size()),
                    SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_blob(int place, std::string_view value) {
  sqlite3_bind_blob(handle_.get(), place, value.data(), static_cast<int>(value.size()),
                    SQLITE_STATIC);
  return *this;
}

Result<bool> Statement::step() {
  const int status = sqlite3_step(handle_.get());
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  sqlite3* database = sqlite3_db_handle(handle_.get());
  return fail(code_of(status), fmt::format("evidence file: {}", sqlite3_errmsg(database)));
}

Result<void> Statement::execute() {
  auto stepped = step();
  reset();
  if (!stepped) return tl::unexpected(stepped.error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(handle_.get());
}

std::int64_t Statement::column_number(int place) const {
  return sqlite3_column_int64(handle_.get(), place);
}

std::string_view Statement::column_bytes(int place) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_.get(), place));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), place));
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}

bool Statement::column_is_null(int place) const {
  return sqlite3_column_type(handle_.get(), place) == SQLITE_NULL;
}

}  // namespace reachproof::evidence
