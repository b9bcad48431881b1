#include "probe/capture.h"

#include <fmt/core.h>
#include <pcap/pcap.h>

#include <array>
#include <set>
#include <utility>

namespace reachproof::probe {
namespace {

constexpr int kSnapBytes = 256;
constexpr int kBufferBytes = 4 << 20;
/// Beyond this a list of ports costs more in the kernel than it saves.
constexpr std::size_t kPortsInFilterMax = 128;

std::string ports_clause(const std::set<core::Port>& ports) {
  if (ports.empty()) return "";
  std::string clause = " and (";
  for (const auto port : ports) {
    if (clause.back() != '(') clause += " or ";
    clause += fmt::format("port {}", port);
  }
  return clause + ")";
}

tl::unexpected<Error> failure(pcap* handle, const char* what) {
  return fail(ErrorCode::Io, fmt::format("{}: {}", what, pcap_geterr(handle)));
}

}  // namespace

std::string capture_filter(const std::vector<core::ProtocolPort>& ports) {
  std::set<core::Port> numbers;
  bool echo = false;
  for (const auto& p : ports) {
    if (p.protocol == core::Protocol::Icmp) {
      echo = true;
    } else {
      numbers.insert(p.port);
    }
  }
  const auto clause = numbers.size() > kPortsInFilterMax ? "" : ports_clause(numbers);
  // tcp[] reads IPv4 only: flags of IPv6 TCP stand at a fixed place where no extension header
  // comes first; packets with extension headers are let through whole.
  return fmt::format(
      "(tcp[tcpflags] & (tcp-syn|tcp-rst) != 0{0}) or (ip6 proto 6 and ip6[53] & 6 != 0{0}) or "
      "(udp{0}) or (icmp[0] == 3) or (icmp6 and ip6[40] == 1) or {1}"
      "(ip6 and (ip6[6] == 0 or ip6[6] == 43 or ip6[6] == 44 or ip6[6] == 60))",
      clause,
      echo
          ? "(icmp[0] == 0) or (icmp[0] == 8) or (icmp6 and (ip6[40] == 128 or ip6[40] == 129)) or "
          : "");
}

Capture::Capture(pcap* handle) : handle_(handle) {}
Capture::Capture(Capture&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
Capture& Capture::operator=(Capture&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}
Capture::~Capture() {
  if (handle_ != nullptr) pcap_close(handle_);
}

Result<Capture> Capture::open(const std::vector<core::ProtocolPort>& ports) {
  std::array<char, PCAP_ERRBUF_SIZE> reason{};
  pcap* handle = pcap_create("any", reason.data());
  if (handle == nullptr) return fail(ErrorCode::Io, fmt::format("capture: {}", reason.data()));
  Capture capture(handle);
  pcap_set_snaplen(handle, kSnapBytes);
  pcap_set_immediate_mode(handle, 1);
  pcap_set_buffer_size(handle, kBufferBytes);
  if (pcap_activate(handle) < 0) return failure(handle, "capture on all interfaces");
  if (pcap_set_datalink(handle, DLT_LINUX_SLL2) != 0) return failure(handle, "link type");
  if (pcap_setnonblock(handle, 1, reason.data()) != 0) return failure(handle, "non-blocking");
  if (auto set = capture.watch(ports); !set) return tl::unexpected(set.error());
  return capture;
}

Result<void> Capture::watch(const std::vector<core::ProtocolPort>& ports) {
  bpf_program program{};
  const auto filter = capture_filter(ports);
  if (pcap_compile(handle_, &program, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return failure(handle_, "compile the capture filter");
  }
  const int set = pcap_setfilter(handle_, &program);
  pcap_freecode(&program);
  if (set != 0) return failure(handle_, "set the capture filter");
  return {};
}

Result<void> Capture::drain(const std::function<void(const Packet&)>& take) {
  constexpr int kPacketsMax = 4096;  // then others have their turn
  for (int i = 0; i < kPacketsMax; ++i) {
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    const int got = pcap_next_ex(handle_, &header, &bytes);
    if (got == 0) return {};
    if (got < 0) return failure(handle_, "read the capture");
    if (const auto packet = parse_sll2({bytes, header->caplen})) take(*packet);
  }
  return {};
}

Result<Capture::Losses> Capture::losses() const {
  pcap_stat stats{};
  if (pcap_stats(handle_, &stats) != 0) return failure(handle_, "capture statistics");
  return Losses{.received = stats.ps_recv,
                .dropped = std::uint64_t{stats.ps_drop} + stats.ps_ifdrop};
}

int Capture::fd() const {
  return pcap_get_selectable_fd(handle_);
}

}  // namespace reachproof::probe
