// A send window and a receive window against each other, across the wrap of the wire's sequence.
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/messaging/receive_window.h"
#include "cluster/messaging/send_window.h"
#include "tests/cluster/support/memory_port.h"

namespace muster {
namespace {

constexpr int packets = 400;

/// Sends `packets` numbered messages from sequence `first` on, over a line that loses, doubles and
/// reorders; returns what was delivered.
std::vector<int> carry(Sequence first, std::uint64_t seed) {
  test::MemoryPort port;
  Outbox outbox(port, Sender{});
  MessagingStats stats;
  SendWindow sender(MessagingConfig{}, outbox, stats, first);
  ReceiveWindow receiver(64, port, first);
  std::mt19937_64 random(seed);
  std::vector<int> heard;
  std::vector<std::vector<std::byte>> line;
  int written = 0;
  for (TimeNs now = 0; now < 10 * second && (written < packets || sender.in_flight() > 0);
       now += 20 * us) {
    while (written < packets && sender.open()) {
      Packet& packet = *outbox.open(wire::Type::session);
      wire::Session head{};
      head.sequence = sequence_to_wire(sender.next());
      EXPECT_NE(std::uint32_t{head.sequence}, 0U);
      append(packet, head);
      append(packet, wire::Message{.kind = 1, .path_length = 0, .payload_length = sizeof written});
      append(packet, std::as_bytes(std::span(&written, 1)));
      ++written;
      sender.send(now, packet, {});
    }
    if (sender.deadline() <= now) sender.on_deadline(now);
    for (auto& datagram : port.take_transmitted()) {
      if (random() % 10 == 0) continue;
      line.insert(line.begin() + static_cast<std::ptrdiff_t>(random() % (line.size() + 1)),
                  random() % 10 == 0 ? 2 : 1, datagram.bytes);
    }
    for (std::size_t i = 0; i < 8 && !line.empty(); ++i) {
      Packet& packet = port.received({}, line.back());
      line.pop_back();
      const std::byte* body = packet.data + sizeof(wire::Header);
      const auto& head = *reinterpret_cast<const wire::Session*>(body);
      receiver.receive(head.sequence, wire::Messages{body + sizeof head, 1}, packet);
      port.release(packet);
    }
    receiver.deliver([&](const wire::MessageView& message, Packet&) {
      int number;
      std::memcpy(&number, message.payload.data(), sizeof number);
      heard.push_back(number);
      return true;
    });
    wire::Session said{};
    receiver.describe(said);
    if (random() % 10 != 0) {
      EXPECT_TRUE(sender.acknowledge(now, said));
    }
  }
  EXPECT_EQ(sender.in_flight(), 0U);
  return heard;
}

TEST(WindowPair, CarriesEverythingAcrossTheWrapOfTheSequence) {
  std::vector<int> all(packets);
  for (int i = 0; i < packets; ++i) all[static_cast<std::size_t>(i)] = i;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(carry(sequence_period - 200, seed), all) << "seed " << seed;
    EXPECT_EQ(carry(7 * sequence_period - 1, seed), all) << "seed " << seed;
  }
}

}  // namespace
}  // namespace muster
