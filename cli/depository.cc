#include "cli/depository.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "core/base64.h"
#include "core/hex.h"
#include "evidence/file_hash.h"
#include "host/https.h"

namespace reachproof::cli {
namespace {

constexpr std::string_view kS3 = "s3://";
constexpr std::size_t kFileBytesMax = std::size_t{512} << 20U;
constexpr std::size_t kHeaderBytesMax = 64 * 1024;
constexpr std::chrono::minutes kTransferMax{10};

tl::unexpected<Error> another_file(const std::string& where) {
  return fail(ErrorCode::Corrupt,
              fmt::format("`{}` is there already, and is another: one of the two was changed. "
                          "Nothing was replaced",
                          where));
}

/// Whole or not at all, and never over what is there: link(2) fails where the name is taken.
Result<Deposited> into_folder(const std::string& folder, const std::string& name,
                              const std::string& bytes) {
  const auto path = (std::filesystem::path(folder) / name).string();
  const auto fresh = fmt::format("{}.{}.part", path, getpid());
  const int fd = ::open(fresh.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
  if (fd < 0) {
    return fail(ErrorCode::Io, fmt::format("cannot write `{}`: {}", fresh, std::strerror(errno)));
  }
  const bool written =
      ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
      ::fsync(fd) == 0;
  ::close(fd);
  const int linked = written ? ::link(fresh.c_str(), path.c_str()) : -1;
  const int why = errno;
  ::unlink(fresh.c_str());
  if (linked == 0) return Deposited::Fresh;
  if (!written || why != EEXIST) {
    return fail(ErrorCode::Io, fmt::format("cannot write `{}`: {}", path, std::strerror(why)));
  }
  const auto there = evidence::file_bytes(path, kFileBytesMax);
  if (!there) return tl::unexpected(there.error());
  if (*there != bytes) return another_file(path);
  return Deposited::AlreadyThere;
}

/// How one place is spoken to: where the file goes, and what every request says.
struct Remote {
  std::string url;
  host::HttpsOptions https;
  std::vector<std::string> headers;
  bool s3 = false;
};

Result<host::HttpsResponse> asked(const Remote& remote, std::string_view method,
                                  std::vector<std::string> headers, const std::string& body) {
  std::ranges::copy(remote.headers, std::back_inserter(headers));
  if (remote.s3) {
    headers.push_back("x-amz-content-sha256: " + core::hex(evidence::sha256(body)));
  }
  host::HttpsClient client(remote.https);
  return client.perform({.method = std::string(method),
                         .url = remote.url,
                         .headers = std::move(headers),
                         .body = body,
                         .timeout = kTransferMax,
                         .response_bytes_max = kFileBytesMax});
}

/// A name that is taken (412, or 409 of some servers) is held against what is there.
Result<Deposited> put(const Remote& remote, std::vector<std::string> headers,
                      const std::string& bytes) {
  headers.emplace_back("If-None-Match: *");
  headers.emplace_back("Content-Type: application/octet-stream");
  const auto answer = asked(remote, "PUT", std::move(headers), bytes);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status >= 200 && answer->status < 300) return Deposited::Fresh;
  if (answer->status == 412 || answer->status == 409) {
    const auto there = asked(remote, "GET", {}, "");
    if (!there) return tl::unexpected(there.error());
    if (there->status == 200 && there->body == bytes) return Deposited::AlreadyThere;
    if (there->status == 200) return another_file(remote.url);
  }
  return fail(ErrorCode::Unavailable,
              fmt::format("`{}` answered the PUT with status {}", remote.url, answer->status));
}

Result<std::vector<std::string>> headers_in(const std::string& file) {
  std::vector<std::string> headers;
  if (file.empty()) return headers;
  const auto text = evidence::file_bytes(file, kHeaderBytesMax);
  if (!text) return fail(ErrorCode::Usage, "--header-file: " + text.error().message);
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    const bool plain = std::ranges::none_of(
        line, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; });
    if (!plain || line.find(':') == std::string::npos) {
      return fail(ErrorCode::Usage,
                  fmt::format("--header-file: `{}` has a line that is not `Name: value`", file));
    }
    headers.push_back(line);
  }
  return headers;
}

Result<Deposited> by_put(const DepositoryOptions& options, const std::string& name,
                         const std::string& bytes) {
  auto headers = headers_in(options.header_file);
  if (!headers) return tl::unexpected(headers.error());
  const auto slash = options.to.ends_with('/') ? "" : "/";
  return put({options.to + slash + name, {.allow_plain = true}, std::move(*headers), false}, {},
             bytes);
}

/// RFC 1864: S3 wants it with every upload that is to be locked.
std::string content_md5(const std::string& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr);
  return core::base64({digest.data(), size});
}

/// "X-Amz-Object-Lock-*" of the S3 API: nobody, not even the account's owner, can delete or shorten
/// before that date.
std::vector<std::string> lock_headers(const DepositoryOptions& options, const std::string& bytes,
                                      core::WallTime now) {
  if (options.lock_days == 0) return {};
  const auto until = now + std::chrono::days(options.lock_days);
  return {"x-amz-object-lock-mode: COMPLIANCE",
          "x-amz-object-lock-retain-until-date: " + core::text(until),
          "Content-MD5: " + content_md5(bytes)};
}

bool is_object_path(std::string_view path) {
  return !path.empty() && std::ranges::all_of(path, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '/';
  });
}

Result<Deposited> into_bucket(const DepositoryOptions& options, const std::string& name,
                              const std::string& bytes, core::WallTime now) {
  auto place = options.to.substr(kS3.size());
  while (place.ends_with('/')) place.pop_back();
  if (!is_object_path(place)) {
    return fail(
        ErrorCode::Usage,
        fmt::format("--to: `{}` is not s3://bucket/prefix of letters, digits, `-`, `.`, `_`",
                    options.to));
  }
  const char* key_id = std::getenv("AWS_ACCESS_KEY_ID");
  const char* secret = std::getenv("AWS_SECRET_ACCESS_KEY");
  if (key_id == nullptr || secret == nullptr) {
    return fail(ErrorCode::Usage,
                "S3 needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the "
                "environment");
  }
  auto endpoint = options.s3_endpoint.empty()
                      ? fmt::format("https://s3.{}.amazonaws.com", options.s3_region)
                      : options.s3_endpoint;
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const Remote remote{
      .url = fmt::format("{}/{}/{}", endpoint, place, name),
      .https = {.aws = host::AwsCredentials{key_id, secret, options.s3_region, "s3"},
                .allow_plain = true},
      .headers = {},
      .s3 = true};
  return put(remote, lock_headers(options, bytes, now), bytes);
}

}  // namespace

Result<Deposited> deposit(const DepositoryOptions& options, const std::string& name,
                          const std::string& bytes, core::WallTime now) {
  if (options.to.starts_with(kS3)) return into_bucket(options, name, bytes, now);
  if (options.lock_days != 0) {
    return fail(ErrorCode::Usage, "--lock-days is S3's Object Lock: --to s3://bucket/prefix");
  }
  if (options.to.starts_with("http://") || options.to.starts_with("https://")) {
    return by_put(options, name, bytes);
  }
  if (!std::filesystem::is_directory(options.to)) {
    return fail(ErrorCode::NotFound,
                fmt::format("--to: there is no folder `{}`, and it is no URL", options.to));
  }
  return into_folder(options.to, name, bytes);
}

}  // namespace reachproof::cli
