// Nothing is allocated once a channel has been used: every operator new of this program is counted.
#include <array>
#include <cstdlib>
#include <new>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/messaging/call_table.h"
#include "cluster/messaging/message_writer.h"
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
  static constexpr std::size_t slots = 4096;
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

/// Has no room now and then.
class Counter final : public sim::SilentEvents {
 public:
  std::size_t heard = 0;
  bool on_messages(const Delivery&) override {
    if (++offered_ % 5 == 0) return false;
    ++heard;
    return true;
  }

 private:
  std::size_t offered_ = 0;
};

TEST(Messaging, AllocatesNothingOnceItsChannelsAreInUse) {
  constexpr MemberKey a{MemberId{1}, 1};
  constexpr MemberKey b{MemberId{2}, 1};
  constexpr std::size_t channels = 3;
  constexpr std::array<std::byte, 600> payload{};
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
  CallTable<int> calls(64);

  std::size_t before = 0;
  TimeNs now = 0;
  for (std::size_t i = 0; i < 5000; ++i, now += 50 * us) {
    if (i == 100) before = allocations;
    const Recipient to{b, static_cast<ChannelId>(i % channels)};
    MessageHead head;
    if (i % 2 == 0 && !calls.full())
      head = {.kind = wire::MessageKind::request,
              .call = calls.open(b.id, now + 2 * ms, 7),
              .path = "/service"};
    MessageWriter writer(head, std::span(payload).first(i % payload.size()));
    while (!writer.done()) {
      Packet* packet = a_port.allocate();
      ASSERT_NE(packet, nullptr);
      begin_messages(*packet);
      writer.write(*packet);
      if (sender.send(to, *packet, writer.done() ? 1 : 0) == SendResult::sent) continue;
      a_port.release(*packet);
      break;
    }
    calls.expire(now, [](CallId, int) {});
    sender.on_deadline(now);
    sender.transmit(now);
    a_port.carry(now, receiver, 7);
    receiver.transmit(now);
    b_port.carry(now, sender, 11);
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(b_events.heard, 3000U);
  EXPECT_GT(sender.stats().packets_retransmitted, 100U);
  EXPECT_GT(receiver.stats().deliveries_refused, 100U);
}

}  // namespace
}  // namespace muster
