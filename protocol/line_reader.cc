#include "protocol/codec.h"

namespace reachproof::protocol {

bool LineReader::feed(std::string_view bytes) {
  if (overflowed_) return false;
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(bytes);
  const auto last_newline = buffer_.rfind('\n');
  const std::size_t tail =
      last_newline == std::string::npos ? buffer_.size() : buffer_.size() - last_newline - 1;
  overflowed_ = tail > kLineBytesMax;
  return !overflowed_;
}

bool LineReader::next(std::string& line) {
  const auto newline = buffer_.find('\n', begin_);
  if (newline == std::string::npos) return false;
  line.assign(buffer_, begin_, newline - begin_);
  begin_ = newline + 1;
  return true;
}

}  // namespace reachproof::protocol
