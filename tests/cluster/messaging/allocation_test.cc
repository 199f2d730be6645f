// Nothing is allocated once a channel has been used: every operator new of this program is counted.
#include <array>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/messaging/call_table.h"
#include "cluster/messaging/message_writer.h"
#include "cluster/messaging/messaging.h"
#include "sim/silent_events.h"
#include "tests/cluster/support/counted_allocations.h"
#include "tests/cluster/support/fixed_port.h"

namespace muster {
namespace {

using test::allocations;
using test::FixedPort;

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

void hear(TimeNs now, Messaging& receiver, Packet& packet) {
  wire::Parsed parsed;
  ASSERT_FALSE(wire::parse(packet.payload(), 1, parsed).has_value());
  receiver.on_session(now, *parsed.header, std::get<wire::SessionView>(parsed.body), packet);
}

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
              .call = calls.open({b.id, to.channel}, now + 2 * ms, 7),
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
    a_port.carry(7, [&](Packet& packet) { hear(now, receiver, packet); });
    receiver.transmit(now);
    b_port.carry(11, [&](Packet& packet) { hear(now, sender, packet); });
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(b_events.heard, 3000U);
  EXPECT_GT(sender.stats().packets_retransmitted, 100U);
  EXPECT_GT(receiver.stats().deliveries_refused, 100U);
}

}  // namespace
}  // namespace muster
