#include <cstdio>
#include <string>

#include "lab/lab.h"

/// The lab's verbs as a program of its own, so that the tests need no other room: the helper that
/// `up` starts, and what another user runs.
namespace {

namespace lab = reachproof::lab;

int complain(const reachproof::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 2;
}

int up(const lab::Lab& plan, const std::string& self) {
  lab::UpOptions options{.programs = {.serve = {self, "lab-serve"}, .reachproof = self}};
  const auto report = lab::up(plan, options);
  if (!report) return complain(report.error());
  std::printf("%d %s\n", static_cast<int>(report->how), report->inventory.c_str());
  return 0;
}

int show(const lab::Lab& plan) {
  const auto status = lab::status(plan);
  if (!status) return complain(status.error());
  std::printf("up=%d healthy=%d helper=%d\n", status->up, status->healthy, status->helper_pid);
  for (const auto& node : status->nodes) {
    std::printf("%s present=%d\n%s", node.name.c_str(), node.present, node.rules.c_str());
    for (const auto& it : node.listeners) {
      std::printf("  %s %s alive=%d served=%d\n", it.ports.c_str(), it.kind.c_str(), it.alive,
                  static_cast<int>(it.served));
    }
  }
  return status->healthy ? 0 : 1;
}

int run(const std::string& verb, const std::string& path, int argc, char** argv) {
  if (verb == "down") {
    const auto name = lab::lab_name_in(path);
    if (!name) return complain(name.error());
    const auto done = lab::down(*name);
    if (!done) return complain(done.error());
    return 0;
  }
  const auto file = lab::load_lab_file(path);
  if (!file) return complain(file.error());
  if (!file->lab) return complain({reachproof::ErrorCode::Config, lab::text(file->problems)});
  if (verb == "up") return up(*file->lab, argv[0]);
  if (verb == "status") return show(*file->lab);
  if (verb == "exec" && argc > 5)
    return complain(lab::exec(*file->lab, argv[3], {argv + 5, argv + argc}));
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string verb = argv[1];
  if (verb == "lab-serve") return lab::serve(argv[2]);
  return run(verb, argv[2], argc, argv);
}
