#include "orchestrator/api/problem.h"

#include <boost/json.hpp>

#include "core/utf8.h"

namespace reachproof::orchestrator::api {
namespace {

namespace json = boost::json;

/// Details may quote what a caller sent: nothing that is not UTF-8 goes back out.
json::string shown(std::string_view text) {
  const auto cut = core::cut_utf8(text, 1000);
  return json::string(cut.substr(0, core::valid_utf8_prefix(cut)));
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::Usage:
    case ErrorCode::Config:
      return 422;
    case ErrorCode::Refused:
    case ErrorCode::Busy:
      return 409;
    case ErrorCode::NotFound:
      return 404;
    case ErrorCode::Io:
    case ErrorCode::Protocol:
    case ErrorCode::Unavailable:
    case ErrorCode::Corrupt:
      return 503;
    case ErrorCode::Internal:
      return 500;
  }
  return 500;
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

Response problem_response(const Problem& problem) {
  json::object body{{"type", "about:blank"},
                    {"title", json::string(reason_phrase(problem.status))},
                    {"status", problem.status},
                    {"detail", shown(problem.detail)}};
  if (!problem.faults.empty()) {
    json::array faults;
    for (const auto& fault : problem.faults) {
      faults.push_back({{"where", shown(fault.where)}, {"what", shown(fault.what)}});
    }
    body["errors"] = std::move(faults);
  }
  Response response{.status = problem.status, .body = json::serialize(body)};
  response.headers.emplace_back("Content-Type", "application/problem+json");
  if (problem.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

Problem missing_object() {
  return {.status = 404, .detail = "there is no such object"};
}

Response json_response(int status, std::string body) {
  Response response{.status = status, .body = std::move(body)};
  response.headers.emplace_back("Content-Type", "application/json");
  return response;
}

Problem problem_of(const Error& error) {
  return {.status = status_of(error.code), .detail = error.message};
}

}  // namespace reachproof::orchestrator::api
