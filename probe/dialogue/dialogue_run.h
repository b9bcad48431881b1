#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "probe/dialogue/dialogue.h"

namespace reachproof::probe {

/// A dialogue with its buffers, whatever carries it: bytes that came go in, bytes to send pile up.
class DialogueRun {
 public:
  explicit DialogueRun(std::unique_ptr<Dialogue> dialogue) : dialogue_(std::move(dialogue)) {}

  void begin();
  void feed(std::string_view bytes);
  void closed();
  void expire();
  void conclude(core::Exchange exchange);

  [[nodiscard]] bool over() const { return over_; }
  /// To be sent; the carrier takes from its front.
  [[nodiscard]] std::string& output() { return output_; }
  [[nodiscard]] const core::Exchange& exchange() const { return exchange_; }

 private:
  std::unique_ptr<Dialogue> dialogue_;
  std::string input_;
  std::string output_;
  core::Exchange exchange_;
  bool over_ = false;
};

}  // namespace reachproof::probe
