#pragma once

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/verb.h"
#include "host/https.h"

/// Verbs that ask a service over its API.
namespace reachproof::cli {

/// --server, --token-file and --ca-file.
struct ServerOptions {
  std::string server = "http://127.0.0.1:8444";
  std::string token_file;  ///< empty: ~/.config/reachproof/token
  std::string ca_file;     ///< empty: the system's authorities
};
void add_server_options(CLI::App& verb, ServerOptions& options);

[[nodiscard]] std::string token_path(const ServerOptions& options);
/// Kept for its user alone, in a folder for its user alone.
[[nodiscard]] Result<void> save_token(const std::string& path, const std::string& token);

/// The exit code for an HTTP status of 400 and more.
[[nodiscard]] Exit exit_of_status(int status);

/// One service, asked as the holder of the token in the file. Says what went wrong, and keeps the
/// exit code that fits: 6 where the token is missing or does not suffice, 8 where no service
/// answers, 7 where it refuses, 2 where the question made no sense.
class ApiClient {
 public:
  ApiClient(Context& context, const ServerOptions& options);

  /// The object that was answered, empty for an answer without a body; nothing after a failure.
  /// `path` begins with a slash and holds no query that must be encoded.
  [[nodiscard]] std::optional<boost::json::object> get(const std::string& path);
  [[nodiscard]] std::optional<boost::json::object> post(const std::string& path,
                                                        const boost::json::object& body);
  [[nodiscard]] std::optional<boost::json::object> remove(const std::string& path);
  /// At most so many items of a list, over as many parts as it takes.
  [[nodiscard]] std::optional<boost::json::array> list(const std::string& path, std::size_t most);
  /// The answer as it came, whatever its status.
  [[nodiscard]] std::optional<host::HttpsResponse> raw(const std::string& method,
                                                       const std::string& path,
                                                       const std::string& body);
  /// In place of the one in the file; empty for none.
  void use_token(std::string token) { token_ = std::move(token); }

 private:
  [[nodiscard]] std::optional<boost::json::object> ask(const std::string& method,
                                                       const std::string& path,
                                                       const std::string& body);
  [[nodiscard]] Result<void> prepare();
  void explain(const host::HttpsResponse& response);

  Context& context_;
  ServerOptions options_;
  std::optional<std::string> token_;
  std::optional<host::HttpsClient> client_;
};

/// A word for a URL: everything but letters, digits, `.`, `_` and `-` percent-encoded.
[[nodiscard]] std::string url_word(std::string_view text);

/// A column of a table: its heading, and the field of the items that it shows.
struct Column {
  std::string heading;
  std::string field;
};
/// Items as a table, or as one object {"apiVersion", "kind", "items"}.
void print_items(const Context& context, const std::string& kind, const boost::json::array& items,
                 const std::vector<Column>& columns);
/// One object, a line for each field, or as JSON.
void print_object(const Context& context, const std::string& kind,
                  const boost::json::object& object);

}  // namespace reachproof::cli
