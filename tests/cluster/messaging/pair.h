// Two members' messaging, and the bytes between them in the test's hands.
#pragma once

#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/messaging/assembly.h"
#include "cluster/messaging/message_writer.h"
#include "cluster/messaging/messaging.h"
#include "sim/silent_events.h"
#include "tests/cluster/support/memory_port.h"

namespace muster::test {

using Bytes = std::vector<std::byte>;
using Strings = std::vector<std::string>;

inline std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// Puts messages together and records them, and has as much room as the test says.
class Application final : public sim::SilentEvents {
 public:
  struct Heard {
    MemberKey from;
    ChannelId channel;
    wire::MessageKind kind;
    CallId call;
    CallStatus status;
    std::string path;
    std::string payload;
  };

  explicit Application(PacketPort& port)
      : pieces_{.port = port, .kept_packets_max = 8, .all_kept_packets_max = 16} {}

  /// Packets that each channel will still take.
  std::array<std::size_t, wire::channels> room = filled(std::numeric_limits<std::size_t>::max());
  std::vector<Heard> heard;
  std::vector<Undelivered> undelivered;

  void set_room(std::size_t packets) { room = filled(packets); }
  Strings messages() const {
    Strings texts;
    for (const Heard& message : heard) texts.push_back(message.payload);
    return texts;
  }
  Strings messages(ChannelId channel) const {
    Strings texts;
    for (const Heard& message : heard)
      if (message.channel == channel) texts.push_back(message.payload);
    return texts;
  }
  /// No message is left of which only a part has come.
  bool has_only_whole() const {
    for (const auto& assembly : assemblies_)
      if (assembly != nullptr && assembly->message_bytes() > 0) return false;
    return true;
  }

  bool on_messages(const Delivery& delivery) override {
    if (room[delivery.channel] == 0) return false;
    --room[delivery.channel];
    for (const wire::MessageView& message : wire::messages_in(delivery.packet.data))
      take(delivery, message);
    return true;
  }
  void on_undelivered(const Undelivered& lost) override { undelivered.push_back(lost); }

 private:
  static std::array<std::size_t, wire::channels> filled(std::size_t packets) {
    std::array<std::size_t, wire::channels> room;
    room.fill(packets);
    return room;
  }
  void take(const Delivery& delivery, const wire::MessageView& piece) {
    auto& assembly = assemblies_[delivery.channel];
    if (assembly == nullptr) assembly = std::make_unique<Assembly>(pieces_);
    switch (assembly->add(piece, delivery.packet)) {
      case Assembly::Step::more:
        return;
      case Assembly::Step::unsound:
        ADD_FAILURE() << "pieces that make no message";
        return;
      case Assembly::Step::whole:
        break;
    }
    const WholeMessage message = assembly->message();
    std::string payload;
    for (const wire::Bytes bytes : message.pieces) payload += text(bytes);
    heard.push_back({delivery.from, delivery.channel, message.head.kind, message.head.call,
                     message.head.status, std::string(message.head.path), payload});
    assembly->clear();
  }

  Assembly::Shared pieces_;
  std::array<std::unique_ptr<Assembly>, wire::channels> assemblies_;
};

struct Side {
  static constexpr std::uint64_t cluster = 7;

  Side(std::uint64_t id, Incarnation incarnation, const MessagingConfig& config = {})
      : key{MemberId{id}, incarnation},
        endpoint{static_cast<std::uint32_t>(id), 7777},
        outbox(port, Sender{cluster, key}),
        application(port),
        messaging(config, outbox, application) {}

  void meet(const Side& other) { messaging.add_peer(other.key, other.endpoint); }

  /// Takes the bytes in as a packet from the wire, and all that it says at once; false if the
  /// parser refuses them.
  bool hear(TimeNs now, const Bytes& bytes) {
    const bool accepted = receive(now, bytes);
    messaging.settle(now);
    while (messaging.settle(now)) {
    }
    return accepted;
  }
  /// What can wait in it is left to settle().
  bool receive(TimeNs now, const Bytes& bytes) {
    Packet& packet = port.received({}, bytes);
    wire::Parsed parsed;
    const bool accepted = !wire::parse(packet.payload(), cluster, parsed).has_value();
    if (accepted)
      messaging.on_session(now, *parsed.header, std::get<wire::SessionView>(parsed.body), packet);
    port.release(packet);
    return accepted;
  }
  void hear(TimeNs now, const std::vector<MemoryPort::Transmitted>& datagrams) {
    for (const auto& datagram : datagrams) EXPECT_TRUE(hear(now, datagram.bytes));
  }

  /// A packet with these messages.
  SendResult say(const Recipient& to, const Strings& messages) {
    Packet* packet = port.allocate();
    if (packet == nullptr) return SendResult::would_block;
    begin_messages(*packet);
    for (const std::string& message : messages)
      EXPECT_TRUE(MessageWriter({}, bytes_of(message)).write(*packet));
    return send(to, *packet, static_cast<std::uint32_t>(messages.size()));
  }
  SendResult say(const Side& to, const std::string& message, ChannelId channel = 0) {
    return say({to.key, channel}, Strings{message});
  }
  /// The same one again and again until it has to wait; returns how often it went.
  int say_all_it_can(const Side& to, const std::string& message, ChannelId channel = 0) {
    int said = 0;
    while (say(to, message, channel) == SendResult::sent) ++said;
    return said;
  }
  /// In as many packets as it takes.
  SendResult say(const Side& to, const MessageHead& head, std::string_view payload,
                 ChannelId channel = 0) {
    MessageWriter writer(head, bytes_of(payload));
    while (!writer.done()) {
      Packet* packet = port.allocate();
      if (packet == nullptr) return SendResult::would_block;
      begin_messages(*packet);
      EXPECT_TRUE(writer.write(*packet));
      const SendResult result = send({to.key, channel}, *packet, writer.done() ? 1 : 0);
      if (result != SendResult::sent) return result;
    }
    return SendResult::sent;
  }
  /// The packet's reference passes over in any case.
  SendResult send(const Recipient& to, Packet& packet, std::uint32_t messages) {
    const SendResult result = messaging.send(to, packet, messages);
    if (result != SendResult::sent) port.release(packet);
    return result;
  }

  /// Ends the cycle and returns what it put on the wire.
  std::vector<MemoryPort::Transmitted> transmit(TimeNs now) {
    messaging.transmit(now);
    messaging.transmit(now + 2 * us);  // what nobody answered by then is acknowledged
    return port.take_transmitted();
  }
  const MessagingStats& stats() const { return messaging.stats(); }

  MemberKey key;
  Endpoint endpoint;
  MemoryPort port;
  /// Runs after the messaging has ended, and before its port does.
  struct LeakCheck {
    const MemoryPort& port;
    ~LeakCheck() { EXPECT_EQ(port.alive(), 0U) << "packets leaked"; }
  } leak_check{port};
  Outbox outbox;
  Application application;
  Messaging messaging;
};

/// With the congestion window always at its largest.
inline MessagingConfig uncontrolled() {
  MessagingConfig config;
  config.congestion.kind = CongestionKind::fixed;
  return config;
}

/// Two members that know each other.
struct Pair {
  explicit Pair(const MessagingConfig& config = {}) : Pair(config, config) {}
  Pair(const MessagingConfig& of_a, const MessagingConfig& of_b) : a(1, 10, of_a), b(2, 20, of_b) {
    a.meet(b);
    b.meet(a);
  }
  /// Both sides finish their cycle and hear the other, until nothing is on the wire.
  void settle(TimeNs now) {
    for (int round = 0; round < 100; ++round) {
      const auto from_a = a.transmit(now);
      const auto from_b = b.transmit(now);
      if (from_a.empty() && from_b.empty()) return;
      b.hear(now, from_a);
      a.hear(now, from_b);
    }
    FAIL() << "they never fall silent";
  }
  /// Time passes until nothing is under way any more, timeouts and all.
  void settle_in_time(TimeNs& now) {
    settle(now);
    for (int timeouts = 0; timeouts < 1000; ++timeouts) {
      const TimeNs next = std::min(a.messaging.next_deadline(), b.messaging.next_deadline());
      if (next == never_ns) return;
      now = std::max(now, next);
      a.messaging.on_deadline(now);
      b.messaging.on_deadline(now);
      settle(now);
    }
    FAIL() << "they never come to an end";
  }

  Side a;
  Side b;
};

inline wire::Session session_of(const Bytes& bytes) {
  wire::Session session;
  std::memcpy(&session, bytes.data() + sizeof(wire::Header), sizeof session);
  return session;
}

/// The selective words at the end of a session packet.
inline std::vector<std::uint64_t> selective_of(const Bytes& bytes) {
  wire::Parsed parsed;
  if (wire::parse(bytes, Side::cluster, parsed)) return {};
  const auto& said = std::get<wire::SessionView>(parsed.body).selective;
  return {said.begin(), said.end()};
}

/// A packet of data messages that nobody's session has sent.
inline Bytes forged(const Side& from, const wire::Session& session, const Strings& messages,
                    const std::vector<std::uint64_t>& selective = {},
                    std::uint64_t packet_number = 1) {
  MemoryPort port;
  Outbox outbox(port, from.outbox.sender());
  Packet& packet = *port.allocate();
  begin_messages(packet);
  outbox.stamp(packet, wire::Type::session);
  reinterpret_cast<wire::Header*>(packet.data)->packet_number = packet_number;
  for (const std::string& message : messages)
    EXPECT_TRUE(MessageWriter({}, bytes_of(message)).write(packet));
  session_head(packet) = session;
  session_head(packet).messages = static_cast<std::uint16_t>(messages.size());
  session_head(packet).selective_words = static_cast<std::uint8_t>(selective.size());
  for (const std::uint64_t word : selective) append(packet, wire::Le64(word));
  Bytes bytes(packet.payload().begin(), packet.payload().end());
  port.release(packet);
  return bytes;
}

}  // namespace muster::test
