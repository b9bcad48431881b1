#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "lab/build.h"
#include "lab/command.h"
#include "lab/lab.h"
#include "lab/listener_server.h"
#include "lab/netns.h"
#include "lab/sandbox.h"

namespace reachproof::lab {
namespace {

namespace fs = std::filesystem;

Result<Lab> load_copy(const Layout& layout) {
  const auto record = read_record(layout);
  if (!record) return fail(ErrorCode::NotFound, fmt::format("no lab at {}", layout.state.string()));
  auto file = load_lab(read_file_or_empty(layout.lab_copy()), record->named,
                       fs::path(record->file).parent_path());
  if (!file.lab) return fail(ErrorCode::Config, text(file.problems));
  return std::move(*file.lab);
}

Result<void> open_listeners(const Lab& lab, const Namespaces& namespaces, ListenerServer& server) {
  auto visit = NetnsVisit::begin();
  if (!visit) return tl::unexpected(visit.error());
  for (const auto& host : lab.hosts) {
    if (host.down || host.listeners.empty()) continue;
    if (auto done = visit->go(namespaces.at(host.name).get()); !done) return done;
    for (const auto& listener : host.listeners) {
      if (listener.kind == Listener::Kind::Closed) continue;
      if (auto done = server.open(host.name, listener); !done) return done;
    }
  }
  return {};
}

Result<ListenerServer> raise_lab(const Layout& layout) {
  auto lab = load_copy(layout);
  if (!lab) return tl::unexpected(lab.error());
  if (!layout.privileged) {
    if (auto done = make_sandbox(layout); !done) return tl::unexpected(done.error());
  }
  auto server = ListenerServer::make(lab->names);  // raises the limit of open files: before build()
  if (!server) return server;
  auto namespaces = build(plan_of(*lab), layout);
  if (!namespaces) return tl::unexpected(namespaces.error());
  if (auto done = open_listeners(*lab, *namespaces, *server); !done)
    return tl::unexpected(done.error());
  if (auto done = server->open_control(layout.control()); !done)
    return tl::unexpected(done.error());
  if (auto done = write_file(layout.ready(), ""); !done) return tl::unexpected(done.error());
  return server;
}

/// Keeps the three streams and the lab's lock; everything else that we inherited is not ours.
void forget_inherited() {
  ::syscall(SYS_close_range, STDERR_FILENO + 1, kHelperLock - 1, 0);
  ::syscall(SYS_close_range, kHelperLock + 1, ~0U, 0);
  ::fcntl(kHelperLock, F_SETFD, FD_CLOEXEC);
  std::signal(SIGPIPE, SIG_IGN);
}

/// Lets `up` go: the report ends with the stream, and the lock is its own again.
void release_starter() {
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nowhere, STDOUT_FILENO);
  ::close(nowhere);
  ::close(kHelperLock);
}

}  // namespace

int serve(const fs::path& state) {
  forget_inherited();
  const auto layout = layout_at(state);
  const auto life = become_helper(layout);
  auto server = life ? raise_lab(layout) : tl::unexpected(life.error());
  if (!server) {
    std::fprintf(stdout, "%d %s", static_cast<int>(server.error().code),
                 server.error().message.c_str());
    std::fflush(stdout);
    return 1;
  }
  release_starter();
  const auto served = server->run(-1);
  if (!served) std::fprintf(stderr, "%s\n", served.error().message.c_str());
  return 1;
}

}  // namespace reachproof::lab
