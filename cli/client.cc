#include "cli/client.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "host/whole_file.h"
#include "reports/table.h"

namespace reachproof::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kTokenBytesMax = 4096;
constexpr std::size_t kCaBytesMax = 1U << 20U;
constexpr std::size_t kPart = 500;

bool is_on_this_machine(std::string_view url) {
  for (const std::string_view host : {"http://127.0.0.1", "http://localhost", "http://[::1]"}) {
    if (!url.starts_with(host)) continue;
    const auto rest = url.substr(host.size());
    if (rest.empty() || rest.front() == ':' || rest.front() == '/') return true;
  }
  return false;
}

std::string text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_null()) return "";
  if (!value.is_array()) return json::serialize(value);
  std::string text;
  for (const auto& item : value.get_array()) text += (text.empty() ? "" : " ") + text_of(item);
  return text;
}

std::string text_in(const json::object& object, std::string_view field) {
  const auto* value = object.if_contains(field);
  return value == nullptr ? std::string() : text_of(*value);
}

/// The token in a file that nobody else may read; empty where there is none.
Result<std::string> read_token(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) == 0 && (facts.st_mode & 077U) != 0) {
    return fail(ErrorCode::Config, fmt::format("others may read the token in `{0}`; take that away "
                                               "(chmod 600 {0}), and better make a new one",
                                               path));
  }
  auto text = host::read_file(path, kTokenBytesMax);
  if (!text && text.error().code == ErrorCode::NotFound) return std::string();
  if (!text) return text;
  while (!text->empty() && std::isspace(static_cast<unsigned char>(text->back())) != 0) {
    text->pop_back();
  }
  return text;
}

}  // namespace

Exit exit_of_status(int status) {
  switch (status) {
    case 401:
    case 403:
      return Exit::NotAuthorised;
    case 409:
      return Exit::Refused;
    case 429:
    case 503:
      return Exit::Unavailable;
    default:
      return status >= 500 ? Exit::Internal : Exit::Usage;
  }
}

void add_server_options(CLI::App& verb, ServerOptions& options) {
  verb.add_option("--server", options.server, "The service's address")
      ->envname("REACHPROOF_SERVER")
      ->capture_default_str();
  verb.add_option("--token-file", options.token_file,
                  "File with the token (default: ~/.config/reachproof/token)");
  verb.add_option("--ca-file", options.ca_file,
                  "Authorities to believe, PEM (default: the system's)");
}

std::string token_path(const ServerOptions& options) {
  if (!options.token_file.empty()) return options.token_file;
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config == '/') return std::string(config) + "/reachproof/token";
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "" : home) + "/.config/reachproof/token";
}

Result<void> save_token(const std::string& path, const std::string& token) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code failed;
  if (!folder.empty() && std::filesystem::create_directories(folder, failed)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
  }
  return host::replace_file(path, token + "\n", 0600);
}

ApiClient::ApiClient(Context& context, const ServerOptions& options)
    : context_(context), options_(options) {
  while (options_.server.ends_with('/')) options_.server.pop_back();
}

Result<void> ApiClient::prepare() {
  if (client_) return {};
  const bool here = is_on_this_machine(options_.server);
  if (!here && !options_.server.starts_with("https://")) {
    return fail(ErrorCode::Usage,
                "--server: anything but this machine is asked over https:// only");
  }
  host::HttpsOptions how{.allow_plain = here};
  if (!options_.ca_file.empty()) {
    auto pem = host::read_file(options_.ca_file, kCaBytesMax);
    if (!pem) return fail(std::move(pem), "--ca-file");
    how.ca_pem = std::move(*pem);
  }
  if (!token_) {
    auto token = read_token(token_path(options_));
    if (!token) return tl::unexpected(token.error());
    token_ = std::move(*token);
  }
  client_.emplace(std::move(how));
  return {};
}

std::optional<host::HttpsResponse> ApiClient::raw(const std::string& method,
                                                  const std::string& path,
                                                  const std::string& body) {
  if (auto ready = prepare(); !ready) {
    complain(context_, ready.error());
    return std::nullopt;
  }
  host::HttpsRequest request{.method = method,
                             .url = options_.server + path,
                             .body = body,
                             .response_bytes_max = 64U << 20U};
  if (!token_->empty()) request.headers.push_back("Authorization: Bearer " + *token_);
  if (!body.empty()) request.headers.emplace_back("Content-Type: application/json");
  auto response = client_->perform(request);
  if (response) return std::move(*response);
  auto error = std::move(response).error();
  error.message = fmt::format("no answer from {}: {}", options_.server, error.message);
  error.code = ErrorCode::Unavailable;
  complain(context_, error);
  return std::nullopt;
}

/// The problem document in a person's words.
void ApiClient::explain(const host::HttpsResponse& response) {
  json::error_code failed;
  const auto value = json::parse(response.body, failed);
  const auto* problem = failed ? nullptr : value.if_object();
  auto what = problem == nullptr ? std::string() : text_in(*problem, "detail");
  if (what.empty()) what = fmt::format("the service answered {}", response.status);
  std::cerr << "reachproof: " << reports::printable(what) << "\n";
  const auto* faults = problem == nullptr ? nullptr : problem->if_contains("errors");
  if (faults != nullptr && faults->is_array()) {
    for (const auto& fault : faults->get_array()) {
      if (!fault.is_object()) continue;
      std::cerr << "  " << reports::printable(text_in(fault.get_object(), "where")) << " "
                << reports::printable(text_in(fault.get_object(), "what")) << "\n";
    }
  }
  if (response.status == 401) std::cerr << "  `reachproof login` keeps a token for this service\n";
  context_.exit = exit_of_status(response.status);
}

std::optional<json::object> ApiClient::ask(const std::string& method, const std::string& path,
                                           const std::string& body) {
  const auto response = raw(method, path, body);
  if (!response) return std::nullopt;
  if (response->status < 200 || response->status > 299) {
    explain(*response);
    return std::nullopt;
  }
  if (response->body.empty()) return json::object();
  json::error_code failed;
  auto value = json::parse(response->body, failed);
  if (!failed && value.is_object()) return std::move(value.get_object());
  complain(context_, {ErrorCode::Protocol, options_.server + " does not answer as a reachproof "
                                                             "service does"});
  return std::nullopt;
}

std::optional<json::object> ApiClient::get(const std::string& path) {
  return ask("GET", path, {});
}
std::optional<json::object> ApiClient::post(const std::string& path, const json::object& body) {
  return ask("POST", path, json::serialize(body));
}
std::optional<json::object> ApiClient::remove(const std::string& path) {
  return ask("DELETE", path, {});
}

std::optional<json::array> ApiClient::list(const std::string& path, std::size_t most) {
  json::array all;
  std::string cursor;
  while (all.size() < most) {
    auto part = get(fmt::format(
        "{}{}limit={}{}", path, path.find('?') == std::string::npos ? '?' : '&',
        std::min(kPart, most - all.size()), cursor.empty() ? "" : "&cursor=" + url_word(cursor)));
    if (!part) return std::nullopt;
    const auto* items = part->if_contains("items");
    if (items == nullptr || !items->is_array() || items->get_array().empty()) break;
    for (const auto& item : items->get_array()) all.push_back(item);
    cursor = text_in(*part, "next");
    if (cursor.empty()) break;
  }
  return all;
}

std::string url_word(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '.' || c == '_' || c == '-') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

void print_items(const Context& context, const std::string& kind, const json::array& items,
                 const std::vector<Column>& columns) {
  if (context.json()) {
    const json::object object{{"apiVersion", "reachproof/v1"}, {"kind", kind}, {"items", items}};
    std::cout << json::serialize(object) << "\n";
    return;
  }
  std::vector<std::string> heading;
  for (const auto& column : columns) heading.push_back(column.heading);
  reports::Table table(std::move(heading));
  for (const auto& item : items) {
    if (!item.is_object()) continue;
    std::vector<reports::Table::Cell> row;
    for (const auto& column : columns) {
      row.push_back({reports::printable(text_in(item.get_object(), column.field))});
    }
    table.add(std::move(row));
  }
  std::cout << table.text(context.look());
}

void print_object(const Context& context, const std::string& kind, const json::object& object) {
  if (context.json()) {
    json::object whole{{"apiVersion", "reachproof/v1"}, {"kind", kind}};
    for (const auto& field : object) whole.emplace(field.key(), field.value());
    std::cout << json::serialize(whole) << "\n";
    return;
  }
  for (const auto& field : object) {
    const auto text = text_of(field.value());
    if (text.empty()) continue;
    std::cout << fmt::format("{:<22}{}\n", std::string_view(field.key()), reports::printable(text));
  }
}

}  // namespace reachproof::cli
