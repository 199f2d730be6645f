#include "tools/fabric/run.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cluster/config.h"
#include "dpdk_transport/eal.h"
#include "node/clock.h"
#include "tools/errors.h"
#include "tools/fabric/backoff.h"
#include "tools/fabric/capture.h"
#include "tools/fabric/control_request.h"
#include "tools/fabric/control_server.h"
#include "tools/fabric/dpdk_port.h"
#include "tools/fabric/switch_loop.h"
#include "tools/fabric/unix_socket.h"

namespace muster::fabric {
namespace {

/// How often the loop looks at the control socket, at its supervisor and at the capture's file.
constexpr DurationNs attend_interval_ns = 1 * ms;
constexpr DurationNs flush_interval_ns = 100 * ms;

/// DPDK's memory for each frame beside its buffer, and for all else.
constexpr std::size_t beside_frame_bytes = 2048;
constexpr std::size_t other_memory_mb = 24;

volatile std::sig_atomic_t stop_requested = 0;

void stop_on_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { stop_requested = 1; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = SIG_IGN;  // whoever reads what we print may go before us
  ::sigaction(SIGPIPE, &action, nullptr);
}

bool standard_input_closed() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  if (::poll(&input, 1, 0) <= 0) return false;
  char ignored[256];
  return ::read(STDIN_FILENO, ignored, sizeof ignored) <= 0;
}

/// DPDK takes a comma for the end of the path, and wants a folder before it.
std::string memif_path(const std::string& socket) {
  if (socket.find(',') != std::string::npos)
    throw UsageError(fmt::format("--socket {}: must have no comma; name another path", socket));
  const std::string path = std::filesystem::absolute(socket);
  check_socket_path("--socket", path);
  return path;
}

/// Enough when every queue is full: a slow member then takes no buffers from the others.
std::uint32_t pool_frames(const SwitchConfig& config) {
  constexpr std::size_t bursts = 2 * FabricSwitch<OwnedFrame>::burst_max;
  return static_cast<std::uint32_t>(config.delayed_frames_max +
                                    config.ports * (config.waiting_frames_max + bursts));
}

dpdk::EalConfig eal_config(std::size_t frames, std::uint32_t frame_bytes) {
  dpdk::EalConfig config;
  config.memory_mb = static_cast<std::uint32_t>(
      (frames * (frame_bytes + beside_frame_bytes) >> 20) + other_memory_mb);
  return config;
}

std::vector<DpdkPort> open_ports(const FabricOptions& options, const std::string& socket,
                                 dpdk::FramePool& pool) {
  std::vector<DpdkPort> ports;
  for (std::size_t id = 0; id < options.ports; ++id) {
    dpdk::RawPortConfig config;
    config.mtu = options.mtu;
    config.device =
        fmt::format("net_memif{},role=server,id={},socket={},socket-abstract=no", id, id, socket);
    ports.emplace_back(config, pool);
  }
  return ports;
}

void print_ready(const FabricOptions& options, const std::string& socket) {
  fmt::print(
      "muster fabric is ready: {} ports on {}; member N connects with "
      "net_memif0,role=client,id=N,socket={},socket-abstract=no; control on {}\n",
      options.ports, options.socket, socket, options.control);
  std::fflush(stdout);
}

/// What the loop does beside frames, a thousand times a second at most.
class Attendant {
 public:
  Attendant(ControlServer& control, Capture* capture, bool supervised)
      : control_(control), capture_(capture), supervised_(supervised) {}

  /// False when the switch shall end.
  bool attend(TimeNs now) {
    if (now < next_) return stop_requested == 0;
    next_ = now + attend_interval_ns;
    control_.poll();
    if (capture_ != nullptr && now >= next_flush_) {
      next_flush_ = now + flush_interval_ns;
      capture_->flush();
    }
    return stop_requested == 0 && !(supervised_ && standard_input_closed());
  }

 private:
  ControlServer& control_;
  Capture* capture_;
  bool supervised_;
  TimeNs next_ = 0;
  TimeNs next_flush_ = 0;
};

template <class Loop>
void carry(Loop& loop, const FabricSwitch<OwnedFrame>& fabric, Attendant& attendant) {
  Backoff backoff;
  for (TimeNs now = monotonic_ns(); attendant.attend(now); now = monotonic_ns()) {
    if (loop.cycle(now) > 0)
      backoff.worked();
    else
      backoff.rest(fabric.next_due() - std::min(now, fabric.next_due()));
  }
}

}  // namespace

int run_fabric(const FabricOptions& options) {
  stop_on_signals();
  ::prctl(PR_SET_TIMERSLACK, 1 * us);  // or each short rest lasts 50 us longer
  if (!options.capture.empty()) check_capture_name(options.capture);
  const std::string socket = memif_path(options.socket);
  const SwitchConfig config{.ports = options.ports,
                            .seed = options.seed,
                            .frame_bytes_max = options.mtu + dpdk::link_bytes_max};
  const std::uint32_t frames = pool_frames(config);
  const std::uint32_t frame_bytes = dpdk::frame_bytes_for(options.mtu);
  dpdk::start_eal(eal_config(frames, frame_bytes));
  dpdk::FramePool pool(frames, 0, dpdk::FramePool::Reader::software, frame_bytes);

  FabricSwitch<OwnedFrame> fabric(config);
  for (PortLink& link : fabric.forwarder().faults().links) link.out.faults() = options.faults;
  std::vector<DpdkPort> ports = open_ports(options, socket, pool);
  ControlServer control(options.control, [&](std::string_view line) {
    return answer_request(line, fabric.forwarder(), pool.size() - pool.available());
  });
  std::optional<Capture> capture;
  if (!options.capture.empty()) capture.emplace(options.capture, options.ports);
  Capture* const captured = capture ? &*capture : nullptr;

  const TimeNs wall_offset_ns = wall_ns() - monotonic_ns();
  SwitchLoop<DpdkPort, OwnedFrame> loop(fabric, ports, captured, wall_offset_ns);
  Attendant attendant(control, captured, options.supervised);
  print_ready(options, socket);
  carry(loop, fabric, attendant);
  return 0;
}

}  // namespace muster::fabric
