#include "socket_transport/socket_transport.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <linux/sock_diag.h>

namespace muster {

namespace {

// No round trip waits for multicast, so its socket is looked at so often and not with every call:
// an idle look is a system call, which unicast would wait for.
constexpr std::chrono::microseconds group_look_interval(20);

/// The member's own address, if the configuration can work.
Endpoint checked(const SocketTransportConfig& config, std::size_t stock) {
  if (config.self.address.is_unspecified() || config.self.port == 0) {
    throw StartError("cannot bind " + to_string(config.self) +
                     ": a member needs an own address and an own port, not zero");
  }
  const std::size_t least = 2 * stock;
  if (config.pool_packets < least || config.pool_packets >= 1u << 24) {
    throw StartError("a pool of " + std::to_string(config.pool_packets) + " packets for " +
                     to_string(config.self) + " cannot work: choose from " + std::to_string(least) +
                     " to 16777215");
  }
  return config.self;
}

socket::Interface checked_interface(const SocketTransportConfig& config) {
  socket::Interface interface = socket::interface_with(config.self.address, config.interface);
  if (config.multicast) socket::check_multicast(interface, config.group, config.self.address);
  if (config.mtu > mtu_default) socket::check_carries(interface, config.mtu);
  return interface;
}

std::uint64_t dropped_by_kernel(int fd) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t bytes = sizeof memory;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory.data(), &bytes) != 0) return 0;
  return memory[SK_MEMINFO_DROPS];
}

}  // namespace

template <std::size_t room>
SocketTransport::Batch<room>::Batch() {
  for (std::size_t i = 0; i < room; ++i) {
    msghdr& header = messages[i].msg_hdr;
    header.msg_name = &peers[i];
    header.msg_namelen = sizeof peers[i];
    header.msg_iov = &payloads[i];
    header.msg_iovlen = 1;
  }
}

template <std::size_t room>
void SocketTransport::Batch<room>::set(std::size_t entry, Packet& packet, std::size_t bytes) {
  packets[entry] = &packet;
  payloads[entry] = {.iov_base = packet.data, .iov_len = bytes};
}

template <std::size_t room>
void SocketTransport::Batch<room>::remove_first(std::size_t count) {
  const auto shift = [&](auto& entries) {
    std::shift_left(entries.begin(), entries.begin() + size, static_cast<std::ptrdiff_t>(count));
  };
  shift(payloads);
  shift(peers);
  shift(packets);
  size -= count;
}

SocketTransport::SocketTransport(const SocketTransportConfig& config)
    : self_(checked(config, burst_max)),
      interface_(checked_interface(config)),
      link_(interface_.index),
      unicast_(socket::open_unicast(config.self, interface_, config.busy_poll_us)),
      pool_(config.pool_packets, payload_bytes_of(config.mtu, config.self.address)) {
  if (config.mtu > mtu_default) socket::forbid_fragments(unicast_, config.self.address);
  if (config.multicast) group_.emplace(socket::open_group(config.group, config.self, interface_));
}

Packet* SocketTransport::allocate() {
  Packet* packet = pool_.allocate();
  if (packet == nullptr) exhausted_.fetch_add(1, std::memory_order_relaxed);
  return packet;
}

void SocketTransport::transmit(Packet& packet) {
  if (packet.size > packet.capacity) {
    ++stats_.oversize;
    return pool_.release(packet);
  }
  // A whole burst of room is left to what is not expendable. So much waits only where the kernel
  // has refused it: the next flush() asks again, and no packet that is spared costs a system call.
  if (packet.expendable && outgoing_.size >= burst_max) {
    ++stats_.send_spared;
    return pool_.release(packet);
  }
  if (outgoing_.size == outgoing_max && flush() == outgoing_max) {
    ++stats_.send_full;
    return pool_.release(packet);
  }
  // Size and peer are copied: the same packet may be transmitted again, elsewhere, before the
  // kernel has seen it.
  const std::size_t entry = outgoing_.size++;
  outgoing_.set(entry, packet, packet.size);
  outgoing_.peers[entry] = socket::to_kernel(packet.peer, interface_.index);
  if (outgoing_.size % burst_max == 0) flush();
}

/// What the kernel has no room for waits for the next time.
std::size_t SocketTransport::flush() {
  std::size_t done = 0;
  while (done < outgoing_.size) {
    const int sent = sendmmsg(unicast_.fd(), &outgoing_.messages[done],
                              static_cast<unsigned>(outgoing_.size - done), MSG_DONTWAIT);
    if (sent >= 0) {
      done += static_cast<std::size_t>(sent);
      stats_.sent += static_cast<std::uint64_t>(sent);
    } else if (errno == EAGAIN || errno == ENOBUFS) {
      break;
    } else if (errno != EINTR) {
      // The error is the first packet's own: the others may go elsewhere.
      ++(errno == EMSGSIZE ? stats_.oversize : stats_.send_errors);
      ++done;
    }
  }
  for (std::size_t i = 0; i < done; ++i) pool_.release(*outgoing_.packets[i]);
  outgoing_.remove_first(done);
  return outgoing_.size;
}

std::size_t SocketTransport::receive(std::span<Packet*> burst) {
  // The group goes first when its turn comes, so that a flood of unicast cannot hide heartbeats.
  std::size_t count = 0;
  received_besides_ = 0;
  if (group_is_due()) count = receive_from(group_->fd(), burst);
  if (count < burst.size()) count += receive_from(unicast_.fd(), burst.subspan(count));
  return count;
}

bool SocketTransport::group_is_due() {
  if (!group_) return false;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_group_look_) return false;
  next_group_look_ = now + group_look_interval;
  return true;
}

void SocketTransport::stock() {
  while (incoming_.size < burst_max) {
    Packet* packet = allocate();
    if (packet == nullptr) return;
    incoming_.set(incoming_.size++, *packet, packet->capacity);
  }
}

std::size_t SocketTransport::receive_from(int fd, std::span<Packet*> burst) {
  stock();
  const std::size_t room = std::min(burst.size(), incoming_.size);
  if (room == 0) return 0;  // what has arrived waits in the kernel for a packet
  const int taken =
      recvmmsg(fd, incoming_.messages.data(), static_cast<unsigned>(room), MSG_DONTWAIT, nullptr);
  if (taken <= 0) return 0;
  std::size_t count = 0;
  // Downwards, so that the last packet can take the place of one that is handed out.
  for (auto entry = static_cast<std::size_t>(taken); entry-- > 0;) {
    if (!accept(entry, incoming_.messages[entry].msg_len)) continue;
    burst[count++] = incoming_.packets[entry];
    --incoming_.size;
    incoming_.set(entry, *incoming_.packets[incoming_.size], pool_.payload_bytes());
  }
  std::reverse(burst.begin(), burst.begin() + static_cast<std::ptrdiff_t>(count));
  stats_.received += count;
  received_besides_ += static_cast<std::size_t>(taken) - count;
  return count;
}

bool SocketTransport::accept(std::size_t entry, std::uint32_t bytes) {
  msghdr& header = incoming_.messages[entry].msg_hdr;
  const bool truncated = (header.msg_flags & MSG_TRUNC) != 0;
  header.msg_namelen = sizeof(socket::SocketAddress);
  header.msg_flags = 0;
  if (truncated) {
    ++stats_.truncated;
    return false;
  }
  Packet& packet = *incoming_.packets[entry];
  packet.peer = socket::to_endpoint(incoming_.peers[entry]);
  packet.size = bytes;
  if (packet.peer == self_) {
    ++stats_.own;
    return false;
  }
  return true;
}

std::vector<int> SocketTransport::descriptors() const {
  std::vector<int> all{unicast_.fd()};
  if (group_) all.push_back(group_->fd());
  return all;
}

SocketTransportStats SocketTransport::stats() const {
  SocketTransportStats stats = stats_;
  stats.receive_full = dropped_by_kernel(unicast_.fd());
  if (group_) stats.receive_full += dropped_by_kernel(group_->fd());
  stats.exhausted = exhausted_.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace muster
