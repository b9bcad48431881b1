#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace reachproof::evidence {

/// One SQLite connection and its statements, with errors as values. Known to evidence/ alone.
class Database {
 public:
  /// Frozen: nobody writes the file, and no journal beside it is believed.
  enum class Mode { ReadWrite, ReadOnly, Frozen };
  static Result<Database> open(const std::string& path, Mode mode);

  [[nodiscard]] Result<void> run(const char* sql);
  [[nodiscard]] Result<std::int64_t> number(const char* sql) const;
  /// By the last statement that changed any.
  [[nodiscard]] std::uint64_t changed_rows() const;
  [[nodiscard]] tl::unexpected<Error> failure(std::string_view doing) const;
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement. Bind from 1, step, read columns from 0, reset.
class Statement {
 public:
  static Result<Statement> prepare(const Database& database, std::string_view sql);

  Statement& bind(int place, std::int64_t value);
  Statement& bind_text(int place, std::string_view value);               ///< must outlive the step
  Statement& bind_blob(int place, std::span<const std::uint8_t> value);  ///< likewise
  Statement& bind_blob(int place, std::string_view value);               ///< likewise

  /// True where there is a row.
  [[nodiscard]] Result<bool> step();
  /// For statements without rows; resets.
  [[nodiscard]] Result<void> execute();
  void reset();

  [[nodiscard]] std::int64_t column_number(int place) const;
  /// Valid until the next step.
  [[nodiscard]] std::string_view column_bytes(int place) const;
  [[nodiscard]] bool column_is_null(int place) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

}  // namespace reachproof::evidence
