// A send window in the test's hands, with the route that it shares.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/messaging/message_writer.h"
#include "cluster/messaging/send_window.h"
#include "tests/cluster/support/memory_port.h"

namespace muster::test {

/// Lets as many packets under way as the test says, and counts what it is told.
class Allowance final : public CongestionControl {
 public:
  std::uint32_t packets = 100'000;
  std::uint32_t acknowledged = 0;
  std::uint32_t lost = 0;
  std::uint32_t timeouts = 0;
  std::optional<RoundTrip> round_trip;  ///< the last

  void on_acknowledged(TimeNs, std::uint32_t count, const std::optional<RoundTrip>& of_it,
                       std::uint32_t) override {
    acknowledged += count;
    round_trip = of_it;
  }
  void on_lost(TimeNs, std::uint32_t count) override { lost += count; }
  void on_timeout(TimeNs) override { ++timeouts; }
  std::uint32_t window_packets() const override { return packets; }
};

inline constexpr Endpoint somewhere{.address = 9, .port = 9};

using Sequences = std::vector<Sequence>;
/// The sequences from `first` to `last`.
inline Sequences range(Sequence first, Sequence last) {
  Sequences sequences;
  for (; first <= last; ++first) sequences.push_back(first);
  return sequences;
}

struct TestedWindow {
  static MessagingConfig config(std::uint32_t window_packets, std::uint32_t queue_packets) {
    MessagingConfig config;
    config.window_packets = window_packets;
    config.queue_packets = queue_packets;
    config.retransmit_min_ns = 100 * us;
    return config;
  }
  explicit TestedWindow(std::uint32_t window_packets = 64, std::uint32_t queue_packets = 64,
                        Sequence first = 1)
      : configured(config(window_packets, queue_packets)),
        route(route_of(configured)),
        window(std::make_unique<SendWindow>(configured, outbox, stats, route, 0, first)),
        near_(first) {}
  ~TestedWindow() {
    window.reset();
    EXPECT_EQ(route.in_flight, 0U);
    EXPECT_EQ(port.alive(), 0U);
  }

  void push(int packets) {
    for (int i = 0; i < packets; ++i) {
      ASSERT_FALSE(window->full());
      Packet& packet = *port.allocate();
      begin_messages(packet);
      window->push(packet, 1);
    }
  }
  /// What may go, goes; the sequences that went out since the last time.
  Sequences transmit(TimeNs now, std::uint32_t packets_max = 100'000) {
    let_go(now, packets_max);
    return sent();
  }
  /// The same; the packets themselves.
  std::vector<std::vector<std::byte>> transmit_bytes(TimeNs now) {
    let_go(now, 100'000);
    std::vector<std::vector<std::byte>> packets;
    for (auto& datagram : port.take_transmitted()) packets.push_back(std::move(datagram.bytes));
    return packets;
  }
  Sequences send(TimeNs now, int packets) {
    push(packets);
    return transmit(now);
  }
  /// `selective`: sequences. Each is of a later packet than the one before.
  bool acknowledge(TimeNs now, Sequence upto, const Sequences& selective = {},
                   std::uint16_t credit = 64) {
    return acknowledge_in(++number_, now, upto, selective, credit);
  }
  /// `away`: as the packet says it.
  bool acknowledge_in(std::uint64_t number, TimeNs now, Sequence upto, const Sequences& selective,
                      std::uint16_t credit, std::uint16_t away = 0) {
    std::vector<wire::Le64> words;
    for (const Sequence sequence : selective) {
      const auto bit = static_cast<std::size_t>(sequence - upto - 1);
      words.resize(std::max(words.size(), bit / 64 + 1));
      words[bit / 64] = words[bit / 64] | std::uint64_t{1} << (bit % 64);
    }
    return window->acknowledge(now, number,
                               {.acknowledged = sequence_to_wire(upto),
                                .window_packets = credit,
                                .away = away,
                                .selective = words});
  }
  /// Comes exactly at its time; the sequences that went out.
  Sequences time_out() {
    window->on_deadline(window->deadline());
    return sent();
  }

  MessagingConfig configured;
  MemoryPort port;
  Outbox outbox{port, Sender{}};
  MessagingStats stats;
  Allowance* allowance = nullptr;
  Route route;
  std::unique_ptr<SendWindow> window;

 private:
  Route route_of(const MessagingConfig& of) {
    auto congestion = std::make_unique<Allowance>();
    allowance = congestion.get();
    return {.endpoint = somewhere,
            .round_trip = {of.retransmit_min_ns, of.retransmit_max_ns},
            .congestion = std::move(congestion)};
  }
  void let_go(TimeNs now, std::uint32_t packets_max) {
    window->transmit(now, packets_max, [this](Packet& packet, Sequence sequence) {
      outbox.stamp(packet, wire::Type::session);
      session_head(packet).sequence = sequence_to_wire(sequence);
    });
  }
  Sequences sent() {
    Sequences sequences;
    for (const auto& datagram : port.take_transmitted()) {
      EXPECT_EQ(datagram.to, somewhere);
      const auto* head =
          reinterpret_cast<const wire::Session*>(datagram.bytes.data() + sizeof(wire::Header));
      sequences.push_back(sequence_from_wire(head->sequence, near_));
    }
    return sequences;
  }

  std::uint64_t number_ = 0;
  Sequence near_;
};

}  // namespace muster::test
