#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "protocol/message.h"

namespace reachproof::protocol {

/// One line of JSON, without its newline. Texts longer than kTextBytesMax are cut.
[[nodiscard]] std::string encode(const Message& message);

/// Reads one line. The peer is hostile input: length, UTF-8, depth, every field's presence, type
/// and range are checked, and unknown fields and messages are refused. The error says which field.
[[nodiscard]] Result<Message> decode(std::string_view line);

/// Cuts a stream of bytes into lines and never keeps more than one line's bound.
class LineReader {
 public:
  /// Takes bytes in; false once a line grew beyond kLineBytesMax. Then the stream is lost for good.
  [[nodiscard]] bool feed(std::string_view bytes);
  /// The next whole line, or false where there is none yet.
  [[nodiscard]] bool next(std::string& line);
  [[nodiscard]] bool holds_partial_line() const { return begin_ < buffer_.size(); }

 private:
  std::string buffer_;
  std::size_t begin_ = 0;
  std::size_t partial_bytes_ = 0;  ///< of the line whose end has not come yet
  bool overflowed_ = false;
};

}  // namespace reachproof::protocol
