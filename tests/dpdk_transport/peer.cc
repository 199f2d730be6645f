// The other process of a test. Says "ready" once its port is open, or the sentence why not, and
// runs until SIGTERM.
//
//   peer open DEVICE [EAL ARGUMENT]...   takes what comes, and sends all the time
//   peer queues N DEVICE                 as open, with so many queues
//   peer echo DEVICE ADDRESS             sends every datagram back to its sender
//   peer hugepages DEVICE                as open, with hugepages
//   peer memory MB DEVICE                as open, with so much memory
//   peer stranger DEVICE                 as open, as nobody, where it may become him
//   peer sealed DEVICE                   as open, where nobody may write to /run
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "dpdk_transport/dpdk_transport.h"

namespace {

using namespace muster;

volatile std::sig_atomic_t stopped = 0;

void say(const char* text) {
  std::puts(text);
  std::fflush(stdout);
}

void play_open(const std::string& device, const dpdk::EalConfig& eal, std::uint16_t queues = 1) {
  dpdk::start_eal(eal);
  dpdk::FramePool pool(1024 * std::uint32_t{queues});
  dpdk::RawPort port({.device = device, .queues = queues}, pool);
  say("ready");
  std::array<dpdk::Frame*, 32> burst{};
  while (stopped == 0) {
    for (std::uint16_t queue = 0; queue < queues; ++queue) {
      const std::size_t count = port.receive(burst, queue);
      for (std::size_t i = 0; i < count; ++i) dpdk::free_frame(burst[i]);
      dpdk::Frame* frame = pool.allocate();
      if (frame != nullptr && dpdk::resize(*frame, 60)) {
        burst[0] = frame;
        if (port.send(std::span(burst).first(1), queue) == 0) dpdk::free_frame(frame);
      }
    }
    if (!port.link_up()) port.reconnect();
  }
}

void play_echo(const std::string& device, std::uint32_t address) {
  DpdkTransport transport({.eal = {},
                           .device = device,
                           .self = {address, 7777},
                           .group = {0xef4d0001, 7777},
                           .pool_packets = 1024});
  say("ready");
  std::array<Packet*, 32> burst{};
  while (stopped == 0) {
    const std::size_t count = transport.receive(burst);
    for (std::size_t i = 0; i < count; ++i) transport.transmit(*burst[i]);
    transport.flush();
    if (count == 0) transport.link_up();
    if (count == 0) std::this_thread::yield();
  }
}

void become_nobody() {
  constexpr unsigned nobody = 65534;
  if (geteuid() != 0) return;
  if (setgroups(0, nullptr) != 0 || setresgid(nobody, nobody, nobody) != 0 ||
      setresuid(nobody, nobody, nobody) != 0)
    std::abort();
}

/// In namespaces of its own, so that the machine's /run stays as it is.
bool seal_run() {
  const unsigned user = geteuid();
  return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
         static_cast<bool>(std::ofstream("/proc/self/uid_map")
                           << "0 " << user << " 1" << std::flush) &&
         mount("none", "/var/run", "tmpfs", MS_RDONLY, nullptr) == 0;
}

int play(const std::vector<std::string>& arguments) {
  const std::string& part = arguments.at(0);
  if (part == "echo")
    play_echo(arguments.at(1), static_cast<std::uint32_t>(std::stoul(arguments.at(2), nullptr, 0)));
  else if (part == "open")
    play_open(arguments.at(1), {.extra_arguments = {arguments.begin() + 2, arguments.end()}});
  else if (part == "queues")
    play_open(arguments.at(2), {}, static_cast<std::uint16_t>(std::stoul(arguments.at(1))));
  else if (part == "hugepages")
    play_open(arguments.at(1), {.hugepages = true});
  else if (part == "memory")
    play_open(arguments.at(2),
              {.memory_mb = static_cast<std::uint32_t>(std::stoul(arguments.at(1)))});
  else if (part == "stranger") {
    become_nobody();
    play_open(arguments.at(1), {});
  } else if (part == "sealed") {
    if (!seal_run()) say("no namespace");
    play_open(arguments.at(1), {});
  } else
    return 2;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that dies leaves nobody behind
  std::signal(SIGTERM, [](int) { stopped = 1; });
  try {
    return play({argv + 1, argv + argc});
  } catch (const StartError& error) {
    say(error.what());
    return 1;
  }
}
