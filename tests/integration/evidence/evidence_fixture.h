#pragma once

#include <gtest/gtest.h>

#include "tests/support/judged_log.h"
#include "tests/support/program.h"

namespace reachproof::testing {

/// A folder with an evidence file `reachproof.db` of one run, and what people do with it.
class EvidenceCommands : public ::testing::Test {
 protected:
  void SetUp() override { log_.run(); }

  Finished evidence(std::vector<std::string> words) {
    words.insert(words.begin(), "evidence");
    return reachproof(folder_, std::move(words));
  }
  Finished shell(const std::string& script, const std::filesystem::path& in) {
    return Program({"bash", "-euo", "pipefail", "-c", script}, in).wait();
  }

  /// Exports and unpacks with tar, as a reader would; the bundle's folder.
  std::filesystem::path exported(std::vector<std::string> options = {}) {
    const auto name = "bundle-" + std::to_string(++count_);
    options.insert(options.begin(), {"export", "-o", name + ".tar.zst"});
    const auto done = evidence(options);
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
    std::filesystem::create_directory(folder_ / name);
    const auto unpacked =
        Program({"tar", "--zstd", "-xf", "../" + name + ".tar.zst"}, folder_ / name).wait();
    EXPECT_EQ(unpacked.exit, 0) << unpacked.err;
    std::filesystem::remove(folder_ / name / "program.out");
    std::filesystem::remove(folder_ / name / "program.err");
    return std::filesystem::directory_iterator(folder_ / name)->path();
  }

  /// The shell blocks of a bundle's own VERIFY.md, run in their order in one shell, in an empty
  /// environment whose PATH does not lead to the product.
  Finished follow_the_guide(const std::filesystem::path& bundle) {
    std::istringstream lines(file_text(bundle / "VERIFY.md"));
    std::string script = "! command -v reachproof\n";
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("```")) {
        inside = line == "```sh";
      } else if (inside) {
        script += line + "\n";
      }
    }
    write_file(folder_ / "guide.sh", script);
    write_file(folder_ / "follow.sh", "cd '" + bundle.string() +
                                          "' && exec env -i PATH=/usr/bin:/bin bash '" +
                                          (folder_ / "guide.sh").string() + "'\n");
    return Program({"bash", "follow.sh"}, folder_.path()).wait();
  }

  TemporaryFolder folder_;
  test::JudgedLog log_{(folder_ / "reachproof.db").string()};
  int count_ = 0;
};

}  // namespace reachproof::testing
