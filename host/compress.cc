#include "host/compress.h"

#include <fmt/core.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "core/check.h"

namespace reachproof::host {
namespace {

constexpr int kLevel = 3;
constexpr int kWindowLogMax = 23;

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

std::string compress(std::string_view bytes) {
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const auto size = ZSTD_compress(frame.data(), frame.size(), bytes.data(), bytes.size(), kLevel);
  CHECK(ZSTD_isError(size) == 0);
  frame.resize(size);
  return frame;
}

Result<std::string> decompress(std::string_view frame, std::size_t bytes_max) {
  const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kWindowLogMax);
  std::string out;
  ZSTD_inBuffer input{frame.data(), frame.size(), 0};
  std::size_t left = 1;
  while (left != 0) {
    constexpr std::size_t kStep = 64U << 10U;
    const auto before = out.size();
    out.resize(std::min(before + kStep, bytes_max + 1));
    ZSTD_outBuffer output{out.data(), out.size(), before};
    left = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(left) != 0) {
      return fail(ErrorCode::Protocol, fmt::format("zstd: {}", ZSTD_getErrorName(left)));
    }
    out.resize(output.pos);
    if (out.size() > bytes_max) {
      return fail(ErrorCode::Protocol,
                  fmt::format("more than {} bytes after decompression", bytes_max));
    }
    if (left != 0 && input.pos == input.size && output.pos == before) {
      return fail(ErrorCode::Protocol, "zstd: the frame is cut off");
    }
  }
  if (input.pos != input.size) return fail(ErrorCode::Protocol, "zstd: bytes behind the frame");
  return out;
}

}  // namespace reachproof::host
