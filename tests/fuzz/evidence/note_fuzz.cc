// libFuzzer on notes, checkpoints and verifier keys as they come from outside.
#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "evidence/note.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reachproof::evidence;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto key = VerifierKey::of("example.com/log", std::array<std::uint8_t, 32>{1});
  static_cast<void>(open_note(text, {key}));
  const auto checkpoint = Checkpoint::parse(text);
  if (checkpoint) CHECK(Checkpoint::parse(checkpoint->text())->root == checkpoint->root);
  const auto vkey = VerifierKey::parse(text);
  if (vkey) CHECK(VerifierKey::parse(vkey->text()).has_value());
  return 0;
}
