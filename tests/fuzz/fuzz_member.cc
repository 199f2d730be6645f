// A member that is given whatever packets, times and requests the input says. It must not crash,
// leak, send what cannot be parsed, or hold more than its configuration allows.
//
// The input is two bytes that choose the configuration and a run of records: a byte that says what
// to do, and what that needs. Packets can be given as they are, or repaired (repaired.h) so that
// they get past what only chance could pass.
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/member.h"
#include "cluster/messaging/assembly.h"
#include "cluster/messaging/call_table.h"
#include "cluster/messaging/message_writer.h"
#include "cluster/messaging/send.h"
#include "cluster/mtu.h"
#include "cluster/wire/path.h"
#include "tests/fuzz/fuzz_port.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/repaired.h"

namespace {

using namespace muster;

constexpr std::uint32_t members_max = 6;
constexpr std::uint32_t window_packets = 4;
constexpr std::uint32_t queue_packets = 4;
constexpr std::uint32_t held_packets = 6;
constexpr std::uint32_t kept_packets_max = 2;      // of a message in pieces
constexpr std::uint32_t all_kept_packets_max = 8;  // of all of them
constexpr std::size_t assembly_bytes_max = 1 << 16;
constexpr std::uint32_t calls_max = 8;
constexpr std::uint32_t topics_max = 3;  // and subscriptions
constexpr std::uint32_t streams_max = 4;
constexpr std::uint32_t retained_packets = 24;
constexpr std::size_t tree_bytes_max = 16 << 10;
constexpr std::size_t packets_max = 64;
constexpr std::size_t packet_bytes_max = payload_bytes_of(mtu_default);
/// Of the one entry by which a tree may pass its limit.
constexpr std::size_t entry_bytes_max =
    sizeof(TreeEntry) + 2 * wire::path_bytes_max + Attributes::bytes_max + wire::value_bytes_max;

/// Reads what it is told, says yes or no, and lags behind, as the input goes.
class FuzzedApplication final : public Events {
 public:
  bool accepts = true;
  bool lags = false;

  bool ready() const override { return !lags; }

  void on_standing(Standing) override {}
  void on_joined(const MemberInfo& member) override { read(member.name); }
  void on_suspected(const MemberInfo& member) override { read(member.name); }
  void on_refuted(const MemberInfo& member) override { read(member.name); }
  void on_removed(const MemberInfo& member, RemovalReason) override {
    read(member.name);
    std::erase_if(assemblies_,
                  [&](const auto& entry) { return entry.first.first == member.key.id; });
    calls_.erase_callee(member.key.id, [](CallId, CallId) {});
  }
  void on_bound(const Binding& binding) override { read(binding); }
  void on_withdrawn(const Binding& binding) override { read(binding); }
  void on_batch_begin(const MemberKey&) override {}
  void on_batch_end(const MemberKey&) override {}
  void on_synchronized() override {}
  bool on_messages(const Delivery& delivery) override {
    if (!accepts || delivery.opens_bytes > assembly_bytes_max) return false;
    Assembly& assembly =
        assemblies_.try_emplace({delivery.from.id, delivery.channel}, *shared_).first->second;
    for (const wire::MessageView& piece : wire::messages_in(delivery.packet.data)) {
      if (assembly.add(piece, delivery.packet) != Assembly::Step::whole) continue;
      hear({delivery.from.id, delivery.channel}, assembly.message());
      assembly.clear();
    }
    return true;
  }
  void on_undelivered(const Undelivered& undelivered) override {
    fuzz::require(undelivered.first > 0 && undelivered.messages > 0, "a range of messages");
    // Each packet of the fuzzed application ends one message at most.
    fuzz::require(undelivered.messages <= window_packets + queue_packets,
                  "no more is reported than a channel holds");
  }

  bool on_publication(const StreamDelivery& publication) override {
    if (!accepts || publication.opens_bytes > assembly_bytes_max) return false;
    Assembly& assembly =
        topics_.try_emplace({publication.stream.publisher.id, publication.stream.topic}, *shared_)
            .first->second;
    for (const wire::MessageView& piece : wire::messages_in(publication.packet.data)) {
      if (assembly.add(piece, publication.packet) != Assembly::Step::whole) continue;
      hear({publication.stream.publisher.id}, assembly.message());
      assembly.clear();
    }
    return true;
  }
  void on_stream(const StreamEvent& event) override {
    read(event.topic);
    fuzz::require(event.change != StreamChange::gap || event.packets > 0, "a gap is of something");
    topics_.erase({event.stream.publisher.id, event.stream.topic});
  }

  /// Before the first event.
  void attach(PacketPort& port) {
    shared_.emplace(Assembly::Shared{port, kept_packets_max, all_kept_packets_max});
  }
  CallTable<CallId>& calls() { return calls_; }
  /// Packets that it keeps, at most.
  std::size_t packets_max() const { return shared_->kept_packets; }

 private:
  void read(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) sum_ = sum_ + static_cast<unsigned>(byte);
  }
  void read(std::string_view text) { read(std::as_bytes(std::span(text))); }
  void read(const Binding& binding) {
    read(binding.path);
    read(binding.value);
    read(binding.attributes.bytes());
  }
  void hear(const Callee& from, const WholeMessage& message) {
    std::size_t bytes = 0;
    for (const wire::Bytes piece : message.pieces) {
      read(piece);
      bytes += piece.size();
    }
    fuzz::require(bytes == message.size(), "a message is as long as it says");
    read(message.head.path);
    if (message.head.kind == wire::MessageKind::response) calls_.answer(message.head.call, from);
  }

  volatile unsigned sum_ = 0;
  std::optional<Assembly::Shared> shared_;
  std::map<std::pair<MemberId, ChannelId>, Assembly> assemblies_;
  std::map<std::pair<MemberId, TopicNumber>, Assembly> topics_;
  CallTable<CallId> calls_{calls_max};
};

class Trial {
 public:
  explicit Trial(std::uint16_t choice)
      : port_(cluster_id("simulated"), packets_max), member_(config(choice), port_, events_) {
    events_.attach(port_);
    member_.start(now_);
  }

  void run(fuzz::Input input) {
    while (!input.empty()) {
      step(input);
      check();
    }
  }

 private:
  static constexpr Endpoint self{0x0a4d0001, 7777};

  static MemberConfig config(std::uint16_t choice) {
    MemberConfig config{.name = "m0",
                        .cluster = cluster_id("simulated"),
                        .incarnation = 1000,
                        .self = self,
                        .group = {0xef4d5354, 7777},
                        .multicast = (choice & 1) == 0,
                        .seeds = {{0x0a4d0003, 7777}},
                        .membership = {},
                        .directory = {},
                        .messaging = {}};
    if ((choice & 2) != 0) config.membership = fast_timers();
    if ((choice & 4) != 0) config.directory.join_from = CatchUpFrom::owners;
    config.membership.members_max = members_max;
    config.directory.tree_bytes_max = tree_bytes_max;
    config.directory.tombstone_bytes_max = 1 << 10;
    // Trees are small here, and yet larger than a step.
    config.directory.bindings_per_step = 1 + (choice >> 3 & 3U);
    config.directory.repair_threshold = choice >> 5 & 3U;
    config.directory.answer_packets_per_ms = 1 + (choice >> 7 & 3U) * 16;
    config.messaging.window_packets = window_packets;
    config.messaging.queue_packets = queue_packets;
    config.messaging.held_packets = held_packets;
    config.messaging.topics_max = config.messaging.subscriptions_max = topics_max;
    config.messaging.streams_max = streams_max;
    config.messaging.retained_packets = retained_packets;
    return config;
  }
  static MemberId some_member(std::uint8_t number) {
    const std::array name{'m', static_cast<char>('0' + number % 8)};
    return member_id({name.data(), name.size()});
  }

  void step(fuzz::Input& input) {
    switch (input.take<std::uint8_t>() % 16) {
      case 0:
        return receive(some_packet(input));
      case 1:
        return receive(fuzz::addressed(some_packet(input), member_, port_));
      case 2:
      case 3:
        return receive(fuzz::expected(some_packet(input), member_, port_));
      case 4:
        now_ += us * input.take<std::uint16_t>() * 16;
        events_.calls().expire(now_, [](CallId, CallId) {});
        return member_.on_deadline(now_);
      case 5:
        now_ = std::max(now_, std::min(member_.next_deadline(), now_ + second));
        return member_.on_deadline(now_);
      case 6:
        return member_.transmit(now_);
      case 7:
        return bind(input);
      case 8:
        return change_several(input);
      case 9:
        return send(input);
      case 10:
        events_.accepts = !events_.accepts;
        return;
      case 11:
        events_.lags = !events_.lags;
        return;
      case 12:
        return receive(fuzz::addressed(some_packet(input), member_, port_), self);
      case 14:
        return take_part(input);
      case 15:
        return publish(input);
      default:
        if (input.take<std::uint8_t>() == 0) member_.leave(now_);
        return;
    }
  }

  void bind(fuzz::Input& input) {
    const std::string path = some_path(input);
    const auto value = input.take_bytes(input.take<std::uint16_t>() % 2000);
    member_.bind(path, value, some_attributes(input));
  }
  Attributes some_attributes(fuzz::Input& input) {
    const auto block = input.take_bytes(input.take<std::uint8_t>() % 16);
    return Attributes::well_formed(block) ? Attributes(block) : Attributes();
  }
  void change_several(fuzz::Input& input) {
    const auto kind = input.take<std::uint8_t>();
    if (kind == 0) {
      member_.withdraw_all(now_);
      return;
    }
    Batch batch;
    for (int left = kind % 4; left > 0; --left) {
      const std::string path = some_path(input);
      batch.bind(path, input.take_bytes(input.take<std::uint8_t>()));
    }
    batch.withdraw(some_path(input));
    member_.apply(batch);
  }

  std::string some_path(fuzz::Input& input) {
    const auto bytes = input.take_bytes(input.take<std::uint8_t>() % 8);
    std::string path = "/";
    return path.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  /// Everybody has an address of its own.
  void receive(std::span<const std::byte> bytes) {
    std::uint32_t from = 0;
    if (bytes.size() >= sizeof(wire::Header))
      from = static_cast<std::uint32_t>(
          reinterpret_cast<const wire::Header*>(bytes.data())->sender % 7);
    receive(bytes, {0x0a4d0002 + from, 7777});
  }
  void receive(std::span<const std::byte> bytes, const Endpoint& from) {
    Packet& packet = port_.receive(bytes, from);
    member_.on_packet(now_, packet);
    port_.release(packet);
  }
  std::span<const std::byte> some_packet(fuzz::Input& input) {
    return input.take_bytes(input.take<std::uint16_t>() % (packet_bytes_max + 1));
  }

  /// A message of any kind, whole or in pieces: as many as find room.
  void send(fuzz::Input& input) {
    const Recipient to = some_recipient(input.take<std::uint8_t>());
    const auto kind = input.take<std::uint8_t>();
    const std::vector<std::byte> payload(input.take<std::uint16_t>() % 6000, std::byte{kind});
    const std::string path = some_path(input);
    MessageHead head{.kind = wire::MessageKind{static_cast<std::uint8_t>(1 + kind % 3)},
                     .call = kind,
                     .path = wire::valid_path(path) ? std::string_view(path) : "/a"};
    if (head.kind == wire::MessageKind::request && !events_.calls().full())
      head.call =
          events_.calls().open({to.member.id, to.channel}, now_ + DurationNs{kind} * ms, kind);
    if (head.kind != wire::MessageKind::request) head.path = {};
    for (MessageWriter writer(head, payload); !writer.done();)
      if (!send_packet(to, writer)) return;
  }
  bool send_packet(const Recipient& to, MessageWriter& writer) {
    Packet* packet = member_.messaging().may_send() ? port_.allocate() : nullptr;
    if (packet == nullptr) return false;
    begin_messages(*packet);
    fuzz::require(writer.write(*packet), "an empty packet has room for a piece");
    if (member_.send(to, *packet, writer.done() ? 1 : 0) == SendResult::sent) return true;
    port_.release(*packet);
    return false;
  }
  static std::string some_topic(std::uint8_t number) {
    return std::string("/") + static_cast<char>('a' + number % 3);
  }
  /// Announces, withdraws, subscribes or unsubscribes.
  void take_part(fuzz::Input& input) {
    const auto what = input.take<std::uint8_t>();
    const std::string topic = some_topic(what);
    const auto number = input.take<std::uint8_t>();
    if ((what & 16) != 0) return member_.withdraw_topic(1 + number % 8);
    if ((what & 32) != 0) return member_.unsubscribe(1 + number % 8);
    if ((what & 64) != 0) {
      member_.subscribe(topic, From{static_cast<std::uint8_t>(number & 1)});
      return;
    }
    member_.announce({.name = topic,
                      .kind = TopicKind{static_cast<std::uint8_t>(number % 3)},
                      .slow = SlowSubscriber{static_cast<std::uint8_t>(number / 3 % 2)},
                      .multicast = number / 6 % 2 == 0,
                      .history_packets = number / 12 % 4U,
                      .lag_packets = 1 + number / 48 % 8U});
  }
  void publish(fuzz::Input& input) {
    const TopicNumber topic = 1 + input.take<std::uint8_t>() % 8;
    const std::vector<std::byte> payload(input.take<std::uint16_t>() % 6000);
    for (MessageWriter writer({}, payload); !writer.done();) {
      Packet* packet = port_.allocate();
      if (packet == nullptr) return;
      begin_messages(*packet);
      fuzz::require(writer.write(*packet), "an empty packet has room for a piece");
      const auto ended = static_cast<std::uint32_t>(writer.done() ? 1 : 0);
      if (member_.publish(topic, *packet, ended).result == PublishResult::sent) continue;
      return port_.release(*packet);
    }
  }
  Recipient some_recipient(std::uint8_t number) const {
    const MemberId id = some_member(number);
    const Peer* peer = member_.membership().find(id);
    return {{id, peer == nullptr ? 900 : peer->key.incarnation},
            static_cast<ChannelId>(number / 8 % 4)};
  }

  void check() const {
    const auto& peers = member_.membership().peers();
    const Directory& directory = member_.directory();
    fuzz::require(peers.size() + directory.leaving() < members_max,
                  "no more members than members_max, with those who leave in steps");
    fuzz::require(directory.own().bytes() <= tree_bytes_max, "the own tree keeps within its limit");
    const std::size_t streams = peers.size() * wire::channels;
    const std::size_t held = member_.messaging().packets_held();
    fuzz::require(held <= held_packets + streams + streams_max, "no more is held than may be");
    fuzz::require(member_.publishing().subscriber().streams() <= streams_max,
                  "no more is followed than may be");
    std::size_t retained = 0;
    member_.publishing().publisher().for_each(
        [&](const Topic& topic) { retained += topic.packets_held(); });
    fuzz::require(retained <= retained_packets, "no more is kept than may be");
    fuzz::require(port_.live() <= packets_max + held + events_.packets_max(),
                  "no more packets than the windows hold");
    for (const auto& [id, peer] : peers) {
      const Replica* replica = directory.replica(id);
      fuzz::require(replica != nullptr && replica->owner() == peer.key,
                    "a copy of the tree of every member");
      // While it is fetched anew the old one may still be there. A change is weighed before it is
      // applied: the last one may pass the limit by its entry.
      fuzz::require(replica->tree().bytes() <= 2 * tree_bytes_max + entry_bytes_max,
                    "no tree outgrows its limit");
    }
  }

  TimeNs now_ = second;
  fuzz::FuzzPort port_;
  FuzzedApplication events_;  // gives its packets back first
  Member member_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Trial(input.take<std::uint16_t>()).run(input);
  return 0;
}
