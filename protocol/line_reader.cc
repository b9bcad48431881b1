#include "protocol/codec.h"

namespace reachproof::protocol {

bool LineReader::feed(std::string_view bytes) {
  if (overflowed_) return false;
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(bytes);
  for (const char byte : bytes) {
    partial_bytes_ = byte == '\n' ? 0 : partial_bytes_ + 1;
    overflowed_ = overflowed_ || partial_bytes_ > kLineBytesMax;
  }
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
