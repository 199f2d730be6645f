#include "dpdk_transport/memif_socket.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cluster/mtu.h"
#include "dpdk_transport/clock.h"
#include "dpdk_transport/eal.h"
#include "dpdk_transport/file_lock.h"
#include "dpdk_transport/file_owner.h"
#include "dpdk_transport/interrupt_thread.h"

namespace muster::dpdk {

namespace {

constexpr DurationNs hang_up_patience_ns = 1'000'000'000;

/// Longer than an end may take.
constexpr DurationNs successor_patience_ns = 3 * hang_up_patience_ns;

/// The driver removes the file at the path of its last port, whoever made it: until then no other
/// process may make one there.
std::string lock_of(const std::string& path) { return path + ".lock"; }
struct Held {
  Held(const std::string& path, const MemifTerms& said) : lock(lock_of(path)), terms(said) {}
  FileLock lock;
  MemifTerms terms;
  int ports = 0;
};
std::mutex listeners_mutex;
std::map<std::string, Held>& listeners() {
  static std::map<std::string, Held> instance;
  return instance;
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return address;
}

/// True when a process has the socket open for listening. Its first message is read before we
/// hang up: a server that finds us gone while it sends it would be in trouble.
bool somebody_listens(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const sockaddr_un address = address_of(path);
  const bool connected =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const bool refused = !connected && errno == ECONNREFUSED;
  char hello[256];
  if (connected) static_cast<void>(recv(fd, hello, sizeof hello, 0));
  close(fd);
  return !refused;
}

void refuse_a_second(const std::string& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode) || !somebody_listens(path))
    return;
  if (const std::string why = why_unreachable(path); !why.empty()) throw StartError(why);
  throw StartError(fmt::format(
      "another process listens on {} already: stop it, or choose another socket", path));
}

/// A file that is left holds nobody up, unless it is another user's.
[[noreturn]] void refuse_lock(const std::string& path, const std::system_error& error) {
  const std::string lock = lock_of(path);
  if (std::filesystem::exists(lock) && error.code() == std::errc::permission_denied)
    throw StartError(
        fmt::format("{} belongs to {}: run as that user, choose another socket, or remove it where "
                    "no switch uses it",
                    lock, owner_of(lock)));
  throw StartError(
      fmt::format("the socket {} cannot be made ({}): choose a folder that you may write to", path,
                  error.what()));
}

/// Whoever holds the lock and does not listen is on its way: out, or in.
void take(FileLock& lock, const std::string& path, const MemifTerms& terms) {
  try {
    const TimeNs deadline = now_ns() + successor_patience_ns;
    while (!lock.take()) {
      refuse_a_second(path);
      if (now_ns() > deadline)
        throw StartError(fmt::format(
            "another process keeps {}.lock and does not listen on {}: end it, or choose another "
            "socket",
            path, path));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    lock.say(fmt::format("{} {}\n", terms.mtu, terms.queues));
  } catch (const std::system_error& error) {
    refuse_lock(path, error);
  }
}

void make_way(const std::string& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode))
      throw StartError(
          fmt::format("{} is there, and is no socket: choose another path for the socket", path));
    refuse_a_second(path);
    if (unlink(path.c_str()) != 0)
      throw StartError(
          fmt::format("{} is left from a switch of {} that was killed, and cannot be removed ({}): "
                      "remove it as that user, or choose another socket",
                      path, owner_of(path), std::strerror(errno)));
  }
}

bool is_named(int fd, const sockaddr_un& name) {
  sockaddr_un own{};
  socklen_t size = sizeof own;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
         own.sun_family == AF_UNIX && std::strcmp(own.sun_path, name.sun_path) == 0;
}

bool listens(int fd) {
  int answer = 0;
  socklen_t size = sizeof answer;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &answer, &size) == 0 && answer != 0;
}

/// False: there was nobody. The driver keeps no list of those that it has let in, but each of their
/// sockets has the listener's name; they stay open until it has seen that they are shut down. Who
/// still waits is let in first.
bool hang_up_on_clients(const std::string& path) {
  const sockaddr_un name = address_of(path);
  bool somebody = false;
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  for (; !error && entry != end(entry); entry.increment(error)) {
    const int fd = std::atoi(entry->path().filename().c_str());
    if (!is_named(fd, name)) continue;
    if (listens(fd)) {
      pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
      somebody = poll(&waiting, 1, 0) > 0 || somebody;
    } else {
      shutdown(fd, SHUT_RDWR);
      somebody = true;
    }
  }
  return somebody;
}

}  // namespace

MemifListener::MemifListener(std::string path, const MemifTerms& terms) : path_(std::move(path)) {
  const std::lock_guard lock(listeners_mutex);
  const auto [held, first] = listeners().try_emplace(path_, path_, terms);
  if (const MemifTerms& others = held->second.terms; others != terms)
    throw StartError(
        fmt::format("{} has ports with an mtu of {} and {} queues, and another shall have {} and "
                    "{}: give it another socket",
                    path_, others.mtu, others.queues, terms.mtu, terms.queues));
  if (first) {
    try {
      take(held->second.lock, path_, terms);
      make_way(path_);
    } catch (...) {
      listeners().erase(held);
      throw;
    }
  }
  ++held->second.ports;
}

MemifListener::~MemifListener() {
  const std::lock_guard lock(listeners_mutex);
  const auto held = listeners().find(path_);
  if (--held->second.ports == 0) listeners().erase(held);
}

void MemifListener::retire() const {
  const std::lock_guard lock(listeners_mutex);
  if (listeners().at(path_).ports > 1) return;
  unlink(path_.c_str());
  // Only the interrupt thread lets in and closes: there no descriptor changes under our hands.
  const TimeNs deadline = now_ns() + hang_up_patience_ns;
  bool alone = false;
  while (!alone && now_ns() < deadline)
    on_interrupt_thread([&] { alone = !hang_up_on_clients(path_); });
}

/// Servers of older versions say less in the same file, or nothing. One that nobody holds was left
/// by a killed server, and the next may be another.
std::optional<MemifTerms> terms_of_listener(const std::string& path) {
  if (!FileLock::is_held(lock_of(path))) return std::nullopt;
  std::ifstream file(lock_of(path));
  if (!file) return std::nullopt;
  MemifTerms terms;
  if (!(file >> terms.mtu)) return MemifTerms{};
  if (!(file >> terms.queues)) terms.queues = 1;
  return terms;
}

std::filesystem::path folder_of(const std::string& path) {
  return std::filesystem::absolute(path).parent_path();
}

std::string why_unreachable(const std::string& path) {
  if (access(path.c_str(), W_OK) == 0) return {};
  if (errno == EACCES)
    return fmt::format("{} belongs to {}: run as that user, or choose another socket", path,
                       owner_of(path));
  return fmt::format("no switch listens on {}: start `muster fabric` first, or correct the path",
                     path);
}

}  // namespace muster::dpdk
