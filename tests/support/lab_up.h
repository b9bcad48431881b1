#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/support/program.h"

namespace reachproof::testing {

/// A lab that is up as long as the test lasts, with its inventory beside it.
class LabUp {
 public:
  /// `text` is a lab file; its `name: LAB` line gets a name that no other test has.
  LabUp(const TemporaryFolder& folder, std::string text) : folder_(folder) {
    const auto name = "t" + std::to_string(getpid());
    const auto at = text.find("name: LAB\n");
    if (at != std::string::npos) text.replace(at + 6, 3, name);
    write_file(folder / "lab.yaml", text);
    up_ = reachproof(folder, {"lab", "up", "lab.yaml", "--inventory", "inventory.yaml"});
  }
  ~LabUp() { reachproof(folder_, {"lab", "down", "lab.yaml"}); }
  LabUp(const LabUp&) = delete;
  LabUp& operator=(const LabUp&) = delete;

  [[nodiscard]] bool is_up() const { return up_.exit == 0; }
  [[nodiscard]] std::string why_not() const { return up_.err; }

 private:
  const TemporaryFolder& folder_;
  Finished up_;
};

/// True where this machine lets us make network namespaces; tests say why they skip otherwise.
inline bool namespaces_are_possible() {
  if (geteuid() == 0) return system("unshare -n true 2>/dev/null") == 0;
  return system("unshare -Urn true 2>/dev/null") == 0;
}

}  // namespace reachproof::testing

#define SKIP_WITHOUT_NAMESPACES()                                                            \
  if (!::reachproof::testing::namespaces_are_possible()) {                                   \
    GTEST_SKIP() << "neither root nor user namespaces: no lab can be built on this machine"; \
  }
