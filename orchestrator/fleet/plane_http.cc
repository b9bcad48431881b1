#include "orchestrator/fleet/plane_http.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "host/compress.h"

namespace reachproof::orchestrator {
namespace {

constexpr std::size_t kPathBytesMax = 128;
constexpr std::size_t kCompressFrom = 512;

PlaneHttpReader& reader_of(http_parser* parser) {
  return *static_cast<PlaneHttpReader*>(parser->data);
}

const char* phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
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
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

}  // namespace

PlaneHttpReader::PlaneHttpReader(std::size_t header_bytes_max, std::size_t body_bytes_max)
    : header_bytes_max_(header_bytes_max), body_bytes_max_(body_bytes_max) {
  reset();
}

void PlaneHttpReader::reset() {
  http_parser_init(&parser_, HTTP_REQUEST);
  parser_.data = this;
  path.clear();
  body = std::string();  // an idle connection holds no buffer
  field_ = std::string();
  value_ = std::string();
  header_bytes_ = 0;
  zstd_body = zstd_answer = false;
  keep_alive = true;
  in_value_ = begun_ = complete_ = false;
  refused_ = 0;
}

int PlaneHttpReader::feed(std::string_view bytes) {
  static const http_parser_settings kSettings = [] {
    http_parser_settings settings{};
    settings.on_message_begin = on_begin;
    settings.on_url = on_url;
    settings.on_header_field = on_field;
    settings.on_header_value = on_value;
    settings.on_headers_complete = on_headers;
    settings.on_body = on_body;
    settings.on_message_complete = on_complete;
    return settings;
  }();
  const auto taken = http_parser_execute(&parser_, &kSettings, bytes.data(), bytes.size());
  if (refused_ != 0) return refused_;
  // A pipelined second request is not something that a probe sends.
  if (taken != bytes.size()) return 400;
  if (!complete_ && header_bytes_ == 0 && parser_.nread > header_bytes_max_) return 431;
  return 0;
}

int PlaneHttpReader::refuse(int status) {
  if (refused_ == 0) refused_ = status;
  return 1;
}

int PlaneHttpReader::on_begin(http_parser* parser) {
  auto& self = reader_of(parser);
  if (self.complete_) return self.refuse(400);
  self.begun_ = true;
  return 0;
}

int PlaneHttpReader::on_url(http_parser* parser, const char* at, std::size_t size) {
  auto& self = reader_of(parser);
  if (self.path.size() + size > kPathBytesMax) return self.refuse(404);
  self.path.append(at, size);
  return 0;
}

int PlaneHttpReader::on_field(http_parser* parser, const char* at, std::size_t size) {
  auto& self = reader_of(parser);
  self.end_header();
  self.header_bytes_ += size;
  if (self.header_bytes_ > self.header_bytes_max_) return self.refuse(431);
  self.field_.append(at, size);
  return 0;
}

int PlaneHttpReader::on_value(http_parser* parser, const char* at, std::size_t size) {
  auto& self = reader_of(parser);
  self.in_value_ = true;
  self.header_bytes_ += size;
  if (self.header_bytes_ > self.header_bytes_max_) return self.refuse(431);
  self.value_.append(at, size);
  return 0;
}

void PlaneHttpReader::end_header() {
  if (!in_value_) return;
  std::ranges::transform(field_, field_.begin(), [](unsigned char c) { return std::tolower(c); });
  if (field_ == "content-encoding") zstd_body = value_ == "zstd";
  if (field_ == "accept-encoding") zstd_answer = value_.find("zstd") != std::string::npos;
  if (field_ == "content-encoding" && !zstd_body && value_ != "identity") refuse(400);
  field_.clear();
  value_.clear();
  in_value_ = false;
}

int PlaneHttpReader::on_headers(http_parser* parser) {
  auto& self = reader_of(parser);
  self.end_header();
  if (self.refused_ != 0) return 1;
  if (parser->method != HTTP_POST) return self.refuse(405);
  const bool length_known = parser->content_length != UINT64_MAX;
  if (length_known && parser->content_length > self.body_bytes_max_) return self.refuse(413);
  self.keep_alive = http_should_keep_alive(parser) != 0;
  return 0;
}

int PlaneHttpReader::on_body(http_parser* parser, const char* at, std::size_t size) {
  auto& self = reader_of(parser);
  if (self.body.size() + size > self.body_bytes_max_) return self.refuse(413);
  self.body.append(at, size);
  return 0;
}

int PlaneHttpReader::on_complete(http_parser* parser) {
  reader_of(parser).complete_ = true;
  return 0;
}

std::string http_text(const PlaneAnswer& answer, bool zstd, bool keep_alive) {
  const bool compressed = zstd && answer.body.size() >= kCompressFrom;
  const std::string body = compressed ? host::compress(answer.body) : answer.body;
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}Connection: {}\r\n\r\n{}",
      answer.status, phrase(answer.status), answer.content_type, body.size(),
      compressed ? "Content-Encoding: zstd\r\n" : "", keep_alive ? "keep-alive" : "close", body);
}

}  // namespace reachproof::orchestrator
