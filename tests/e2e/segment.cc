#include "tests/e2e/segment.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/tools/shell.h"

namespace muster::e2e {
namespace {

constexpr const char* own_namespace = "/proc/self/ns/net";

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int open_namespace() {
  const int fd = open(own_namespace, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(own_namespace);
  return fd;
}

/// The caller is back where it was at the end, whatever happens.
class Excursion {
 public:
  Excursion() : home_(open_namespace()) {}
  ~Excursion() {
    if (setns(home_, CLONE_NEWNET) != 0) std::abort();  // all that follows would be elsewhere
    close(home_);
  }
  Excursion(const Excursion&) = delete;
  Excursion& operator=(const Excursion&) = delete;

 private:
  int home_;
};

bool write_line(const char* file, const std::string& line) {
  return static_cast<bool>(std::ofstream(file) << line << std::flush);
}

/// And with a /run of its own, where DPDK wants to write when it runs as root.
bool become_root_of_own() {
  const unsigned user = geteuid();
  const unsigned group = getegid();
  return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_line("/proc/self/setgroups", "deny") &&
         write_line("/proc/self/uid_map", fmt::format("0 {} 1", user)) &&
         write_line("/proc/self/gid_map", fmt::format("0 {} 1", group)) &&
         mount("none", "/run", "tmpfs", 0, nullptr) == 0;
}

}  // namespace

Rights enter_own_network() {
  if (unshare(CLONE_NEWNET) == 0) return Rights::programs;
  if (become_root_of_own() && unshare(CLONE_NEWNET) == 0) return Rights::interfaces;
  return Rights::none;
}

void ip(const std::string& arguments) {
  const ShellResult result = shell("PATH=$PATH:/usr/sbin:/sbin ip " + arguments + " 2>&1");
  if (result.status != 0)
    throw std::runtime_error(fmt::format("ip {}: {}", arguments, result.output));
}

NetworkNamespace::NetworkNamespace() {
  const Excursion excursion;
  if (unshare(CLONE_NEWNET) != 0) fail("unshare");
  own_ = open_namespace();
}

NetworkNamespace::NetworkNamespace(NetworkNamespace&& other) noexcept
    : own_(std::exchange(other.own_, -1)) {}

NetworkNamespace::~NetworkNamespace() {
  if (own_ >= 0) close(own_);
}

void NetworkNamespace::inside(const std::function<void()>& work) const {
  const Excursion excursion;
  if (setns(own_, CLONE_NEWNET) != 0) fail("setns");
  work();
}

std::string NetworkNamespace::path() const { return fmt::format("/proc/{}/fd/{}", getpid(), own_); }

std::string own_interfaces_in_shell() {
  std::string words;
  for (const std::string& word : own_interfaces) words += fmt::format("'{}' ", word);
  return words;
}

std::string refusal(const NetworkNamespace& machine, const std::string& options) {
  const std::string command =
      fmt::format("{} timeout 20 {} node --name ann --address 10.77.0.9/24 {} 2>&1 </dev/null",
                  own_interfaces_in_shell(), std::getenv("MUSTER"), options);
  std::string said;
  machine.inside([&] { said = shell(command).output; });
  return said;
}

Segment::Segment(unsigned mtu) : mtu_(mtu) {
  home_.inside([] {
    // It snoops as soon as answers to its own first question are due: after 100 ms, where that is
    // told before it becomes the one who asks.
    ip("link add dev bridge type bridge forward_delay 0 mcast_snooping 1 "
       "mcast_query_response_interval 10");
    ip("link set dev bridge type bridge mcast_querier 1");
    ip("link set dev bridge up");
  });
}

NetworkNamespace Segment::machine(const std::string& address) {
  NetworkNamespace machine;
  const std::string port = fmt::format("port{}", machines_++);
  home_.inside([&] {
    ip(fmt::format("link add dev {} mtu {} type veth peer name eth0 netns {}", port, mtu_,
                   machine.path()));
  });
  plug(port);
  machine.inside([&] {
    if (!address.empty()) ip(fmt::format("address add {} dev eth0", address));
    ip(fmt::format("link set dev eth0 mtu {} up", mtu_));
  });
  return machine;
}

void Segment::plug(const std::string& interface) {
  home_.inside([&] { ip(fmt::format("link set dev {} master bridge up", interface)); });
}

}  // namespace muster::e2e
