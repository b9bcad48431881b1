#include "evidence/packing.h"

#include <zstd.h>

#include <array>
#include <boost/crc.hpp>

#include "core/check.h"
#include "evidence/log.h"

namespace reachproof::evidence {
namespace {

/// RFC 8878, 3.1.1 and 3.1.2.
constexpr std::string_view kFrameMagic("\x28\xb5\x2f\xfd", 4);
constexpr std::string_view kTrailerHead("\x50\x2a\x4d\x18\x04\x00\x00\x00", 8);
constexpr std::size_t kTrailerBytes = kTrailerHead.size() + 4;
/// Shorter bodies gain little, and stay readable in any database viewer.
constexpr std::size_t kPackFrom = 1024;
/// Lists of observations are short words between digits that nothing foretells. To look for matches
/// of less than 7 bytes spends more on them than their digits cost: measured, this is as small as
/// level 9, at five times its rate.
constexpr int kMinMatch = 7;

std::string trailer_of(std::string_view frame) {
  boost::crc_32_type crc;
  crc.process_bytes(frame.data(), frame.size());
  std::string trailer(kTrailerHead);
  for (unsigned shift = 0; shift < 32; shift += 8) {
    trailer += static_cast<char>((crc.checksum() >> shift) & 0xffU);
  }
  return trailer;
}

tl::unexpected<Error> damaged() {
  return fail(ErrorCode::Corrupt, "its compressed body is damaged");
}

}  // namespace

bool is_packed(std::string_view stored) {
  return stored.starts_with(kFrameMagic);
}

struct Packer::Context {
  ZSTD_CCtx* zstd = ZSTD_createCCtx();
  Context() {
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_strategy, ZSTD_fast);
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_minMatch, kMinMatch);
  }
  ~Context() { ZSTD_freeCCtx(zstd); }
};
Packer::Packer() : context_(std::make_unique<Context>()) {}
Packer::~Packer() = default;
Packer::Packer(Packer&&) noexcept = default;
Packer& Packer::operator=(Packer&&) noexcept = default;

std::string Packer::pack(std::string_view kind, std::string_view body) {
  if (!is_packed(body) && (kind == "key" || body.size() < kPackFrom)) return std::string(body);
  std::string stored(ZSTD_compressBound(body.size()), '\0');
  const auto size =
      ZSTD_compress2(context_->zstd, stored.data(), stored.size(), body.data(), body.size());
  CHECK(ZSTD_isError(size) == 0);
  stored.resize(size);
  return stored + trailer_of(stored);
}

struct Unpacker::Context {
  ZSTD_DCtx* zstd = ZSTD_createDCtx();
  std::string body;
  ~Context() { ZSTD_freeDCtx(zstd); }
};
Unpacker::Unpacker() : context_(std::make_unique<Context>()) {}
Unpacker::~Unpacker() = default;
Unpacker::Unpacker(Unpacker&&) noexcept = default;
Unpacker& Unpacker::operator=(Unpacker&&) noexcept = default;

Result<std::string_view> Unpacker::unpack(std::string_view stored) {
  if (!is_packed(stored)) return stored;
  if (stored.size() <= kTrailerBytes) return damaged();
  const auto frame = stored.substr(0, stored.size() - kTrailerBytes);
  if (stored.substr(frame.size()) != trailer_of(frame)) return damaged();
  const auto size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  // The values for "unknown" and "error" are beyond it too.
  if (size > kBodyBytesMax) return damaged();
  context_->body.resize(size);
  const auto got =
      ZSTD_decompressDCtx(context_->zstd, context_->body.data(), size, frame.data(), frame.size());
  if (ZSTD_isError(got) != 0 || got != size) return damaged();
  return context_->body;
}

}  // namespace reachproof::evidence
