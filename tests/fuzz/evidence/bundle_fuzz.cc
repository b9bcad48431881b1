// libFuzzer on the texts of a bundle as they come from outside: whatever is read is written back
// the same, and nothing crashes.
#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "evidence/bundle_about.h"
#include "evidence/dsse.h"
#include "evidence/key_history.h"
#include "evidence/note.h"
#include "evidence/redaction.h"
#include "evidence/statement.h"
#include "evidence/timestamp.h"
#include "evidence/tlog_proof.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reachproof::evidence;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto about = BundleAbout::parse(text)) CHECK(about->text() == text);
  if (const auto envelope = Envelope::parse(text)) {
    CHECK(Envelope::parse(envelope->text())->payload == envelope->payload);
  }
  static_cast<void>(envelope_in_sigstore_bundle(text));
  static_cast<void>(statement_head(text));
  static_cast<void>(key_event(0, text));
  static_cast<void>(mentions_address(text));
  static_cast<void>(AttestationVerifier::from_pem(text));
  if (const auto hashes = hashes_in(text)) CHECK(hash_lines(*hashes) == text);
  if (const auto proof = TlogProof::parse(text)) {
    CHECK(TlogProof::parse(proof_file(proof->index, proof->hashes, proof->checkpoint)).has_value());
  }
  static_cast<void>(verify_token("data", text, {}));
  return 0;
}
