// What the protocol asks of its surroundings: packets to write, and somewhere to send them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "cluster/message_memory.h"
#include "cluster/types.h"

namespace muster {

/// The payload of one UDP datagram, in memory that a transport owns: an mbuf, a socket's
/// buffer, or plain memory in the simulator. Counted by references; a transport recycles it
/// when the last one is released. The protocol reads and writes payload(), and nothing around it.
struct Packet {
  std::byte* data = nullptr;   ///< first byte of the payload
  std::uint32_t size = 0;      ///< bytes in use
  std::uint32_t capacity = 0;  ///< bytes there is room for, from `data`
  Endpoint peer{};             ///< received: who sent it; outgoing: where it goes
  void* native = nullptr;      ///< the transport's own name for it, opaque to everybody else
  /// Outgoing: what PacketPort::attach() has put behind it. Nothing else is, then.
  const std::byte* tail = nullptr;
  std::uint32_t tail_size = 0;
  bool expendable = false;  ///< outgoing: dropped before others where there is little room

  std::span<std::byte> payload() { return {data, size}; }
  std::span<const std::byte> payload() const { return {data, size}; }
  std::span<const std::byte> attached() const { return {tail, tail_size}; }
  /// For PacketPort::attach() alone.
  void end_with(std::span<const std::byte> bytes) {
    tail = bytes.data();
    tail_size = static_cast<std::uint32_t>(bytes.size());
  }
  /// Of the datagram.
  std::uint32_t bytes() const { return size + tail_size; }
  /// That can be written behind what stands in it.
  std::uint32_t room() const { return tail_size > 0 ? 0 : capacity - size; }
};

/// All that `from` carries into the empty packet `to`, which has room for it.
inline void copy_payload(const Packet& from, Packet& to) {
  std::memcpy(to.data, from.data, from.size);
  if (from.tail_size > 0) std::memcpy(to.data + from.size, from.tail, from.tail_size);
  to.size = from.bytes();
}

/// Where outgoing packets come from and go to. One implementation for each transport, one for
/// the simulator. Called by one thread at a time; nothing here blocks.
class PacketPort {
 public:
  virtual ~PacketPort() = default;

  /// A packet to write, with one reference, size 0; nullptr when the pool is exhausted (what
  /// was to be sent is then tried again later: the protocol survives it as it survives loss).
  virtual Packet* allocate() = 0;

  /// One more reference, for a packet that is kept (for retransmission, or for the application).
  virtual void retain(Packet& packet) = 0;
  /// Gives one reference back.
  virtual void release(Packet& packet) = 0;

  /// Has a packet end with `bytes` of `memory`, where they lie: it holds that until its last
  /// release. False: it cannot, and the packet is as it was. Only of lendable_memory(), by any
  /// thread, once for a packet, in the room() that it has.
  virtual bool attach(Packet& /*packet*/, std::span<const std::byte> /*bytes*/,
                      MessageMemory& /*memory*/) {
    return false;
  }
  /// nullptr: it attaches nothing. It lives as long as the port.
  virtual LendableMemory* lendable_memory() { return nullptr; }

  /// Sends `payload()`, and what is attached, to `peer`, a member or the multicast group, and gives
  /// one reference back. Delivery is not promised: a full queue drops, and counts; what is
  /// expendable it may drop while it still has room for others. A packet kept with retain() must
  /// not be written again, and may be transmitted again.
  virtual void transmit(Packet& packet) = 0;

  /// Pushes out what transmit() gathered, since others wait for it, and returns how many packets
  /// have found no room: they wait, and go first the next time.
  virtual std::size_t flush() { return 0; }
};

/// What a port is connected to.
enum class Link : std::uint8_t {
  up,
  down,          ///< there is nothing at its other end, or was not for a while since last asked
  switched_off,  ///< the kernel's interface was set down
  mismatched,    ///< who is at its other end now has other terms, and is not spoken to
  gone,          ///< the port itself, and it stays so
  given_back,    ///< a NIC that was taken away; it is up again once its driver has it again
};

/// A PacketPort that also receives: what runs under a node.
class Transport : public PacketPort {
 public:
  /// Takes up to `burst.size()` received packets, each with one reference for the caller, and
  /// returns how many. Only UDP datagrams to this port, well-formed up to UDP, come this far.
  virtual std::size_t receive(std::span<Packet*> burst) = 0;
  /// What else the last receive() has taken off the port, and answered or dropped itself: that was
  /// work as well, and more may lie behind it.
  virtual std::size_t received_besides() const { return 0; }

  /// Called at the end of each duty cycle, too.
  std::size_t flush() override = 0;

  /// This member's own address on the segment.
  virtual Endpoint self() const = 0;
  /// Where it is not up nothing can be sent or received.
  virtual Link link() = 0;
  bool link_up() { return link() == Link::up; }
  /// Payload bytes that fit one packet.
  virtual std::uint32_t payload_bytes_max() const = 0;

  /// What whoever receives can sleep on: readable when there is something, between arm() and
  /// disarm(). None where the port has to be polled. The transport keeps them.
  virtual std::vector<int> descriptors() const { return {}; }
  /// From here on what comes wakes; asked once before each sleep. True: what had come before may
  /// not, so look until nothing lies there.
  virtual bool arm() { return false; }
  /// Awake: what comes wakes nobody, which is cheaper.
  virtual void disarm() {}
};

}  // namespace muster
