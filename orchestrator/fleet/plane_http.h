#pragma once

#include <http_parser.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "orchestrator/fleet/probe_plane.h"

/// HTTP/1.1 of the probe plane, as far as probes speak it. Internal to fleet/.
namespace reachproof::orchestrator {

/// Reads one request after another from the bytes of one connection; keeps no more than one.
class PlaneHttpReader {
 public:
  PlaneHttpReader(std::size_t header_bytes_max, std::size_t body_bytes_max);
  PlaneHttpReader(const PlaneHttpReader&) = delete;
  PlaneHttpReader& operator=(const PlaneHttpReader&) = delete;

  /// Takes bytes in. 0, or the status with which the request must be refused.
  [[nodiscard]] int feed(std::string_view bytes);
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] bool begun() const { return begun_; }

  std::string path;
  std::string body;
  bool zstd_body = false;
  bool zstd_answer = false;
  bool keep_alive = true;

  /// Ready for the next request.
  void reset();

 private:
  static int on_begin(http_parser* parser);
  static int on_url(http_parser* parser, const char* at, std::size_t size);
  static int on_field(http_parser* parser, const char* at, std::size_t size);
  static int on_value(http_parser* parser, const char* at, std::size_t size);
  static int on_headers(http_parser* parser);
  static int on_body(http_parser* parser, const char* at, std::size_t size);
  static int on_complete(http_parser* parser);
  int refuse(int status);
  void end_header();

  http_parser parser_{};
  std::size_t header_bytes_max_;
  std::size_t body_bytes_max_;
  std::size_t header_bytes_ = 0;
  std::string field_;
  std::string value_;
  bool in_value_ = false;
  bool begun_ = false;
  bool complete_ = false;
  int refused_ = 0;
};

[[nodiscard]] std::string http_text(const PlaneAnswer& answer, bool zstd, bool keep_alive);

}  // namespace reachproof::orchestrator
