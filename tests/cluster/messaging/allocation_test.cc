// Nothing is allocated after a peer was added: every operator new of this program is counted.
#include <array>
#include <cstdlib>
#include <new>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/messaging/messaging.h"
#include "sim/silent_events.h"

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace muster {
namespace {

/// All its packets exist from the beginning; what it transmits waits in a queue of fixed size.
class FixedPort final : public PacketPort {
 public:
  FixedPort() : sent_(), memory_(slots * packet_bytes) {
    for (std::size_t i = 0; i < slots; ++i) {
      packets_[i].data = memory_.data() + i * packet_bytes;
      packets_[i].capacity = packet_bytes;
      packets_[i].native = &references_[i];
    }
    sent_.reserve(slots);
  }
  Packet* allocate() override {
    for (std::size_t i = 0; i < slots; ++i)
      if (references_[i] == 0) {
        references_[i] = 1;
        packets_[i].size = 0;
        return &packets_[i];
      }
    return nullptr;
  }
  void retain(Packet& packet) override { ++references(packet); }
  void release(Packet& packet) override { --references(packet); }
  void transmit(Packet& packet) override { sent_.push_back(&packet); }

  /// Hands what was transmitted to `receiver`, but for every `lost_each`-th packet.
  void carry(TimeNs now, Messaging& receiver, std::size_t lost_each) {
    for (Packet* packet : sent_) {
      if (++carried_ % lost_each != 0) {
        wire::Parsed parsed;
        ASSERT_FALSE(wire::parse(packet->payload(), 1, parsed).has_value());
        receiver.on_session(now, *parsed.header, std::get<wire::SessionView>(parsed.body), *packet);
      }
      release(*packet);
    }
    sent_.clear();
  }

 private:
  static constexpr std::size_t slots = 1024;
  static constexpr std::uint32_t packet_bytes = 256;
  /// The packet may be the other port's: carry() hands over the very packets.
  static std::size_t& references(const Packet& packet) {
    return *static_cast<std::size_t*>(packet.native);
  }
  std::array<Packet, slots> packets_{};
  std::array<std::size_t, slots> references_{};
  std::vector<Packet*> sent_;
  std::vector<std::byte> memory_;
  std::size_t carried_ = 0;
};

/// Answers by counting, and has no room now and then.
class Counter final : public sim::SilentEvents {
 public:
  std::size_t heard = 0;
  std::size_t answers = 0;
  bool on_message(const MemberKey&, std::span<const std::byte>, Packet&) override {
    return accept();
  }
  bool on_request(const MemberKey&, CallId, std::string_view, std::span<const std::byte>,
                  Packet&) override {
    return accept();
  }
  void on_response(CallId, CallOutcome, std::span<const std::byte>, Packet*) override { ++answers; }

 private:
  bool accept() {
    if (++offered_ % 5 == 0) return false;
    ++heard;
    return true;
  }
  std::size_t offered_ = 0;
};

TEST(Messaging, AllocatesNothingOnceItsPeersAreAdded) {
  constexpr MemberKey a{MemberId{1}, 1};
  constexpr MemberKey b{MemberId{2}, 1};
  FixedPort a_port;
  FixedPort b_port;
  Outbox a_outbox(a_port, {1, a});
  Outbox b_outbox(b_port, {1, b});
  Counter a_events;
  Counter b_events;
  Messaging sender(MessagingConfig{}, a_outbox, a_events);
  Messaging receiver(MessagingConfig{}, b_outbox, b_events);
  sender.add_peer(b, {});
  receiver.add_peer(a, {});

  const std::size_t before = allocations;
  TimeNs now = 0;
  for (CallId i = 0; i < 5000; ++i, now += 50 * us) {
    Packet* packet = a_port.allocate();
    const SendResult result = i % 2 == 0
                                  ? sender.send(now, b.id, *packet, 100)
                                  : sender.call(now, b.id, i, "/service", *packet, 100, 2 * ms);
    if (result != SendResult::sent) a_port.release(*packet);
    sender.on_deadline(now);
    sender.transmit();
    a_port.carry(now, receiver, 7);
    receiver.transmit();
    b_port.carry(now, sender, 11);
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(b_events.heard, 3000U);
  EXPECT_GT(a_events.answers, 1000U);
  EXPECT_GT(sender.stats().packets_retransmitted, 100U);
  EXPECT_GT(receiver.stats().deliveries_refused, 100U);
}

}  // namespace
}  // namespace muster
