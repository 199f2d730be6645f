// A member that is given whatever packets, times and requests the input says. It must not crash,
// leak, send what cannot be parsed, or hold more than its configuration allows.
//
// The input is a run of records: a byte that says what to do, and what that needs. Packets can be
// given as they are, or repaired so that they get past the first checks.
#include <array>
#include <string>
#include <vector>

#include "cluster/member.h"
#include "cluster/messaging/send.h"
#include "cluster/wire/path.h"
#include "tests/fuzz/fuzz_port.h"
#include "tests/fuzz/input.h"

namespace {

using namespace muster;

constexpr std::uint32_t members_max = 6;
constexpr std::uint32_t window_packets = 4;
constexpr std::size_t tree_bytes_max = 16 << 10;
constexpr std::size_t packets_max = 64;
constexpr std::size_t packet_bytes_max = 1472;
/// Of the one entry by which a tree may pass its limit.
constexpr std::size_t entry_bytes_max =
    sizeof(TreeEntry) + 2 * wire::path_bytes_max + Attributes::bytes_max + wire::value_bytes_max;

/// Reads what it is told, and says yes or no as the input goes.
class FuzzedApplication final : public Events {
 public:
  bool accepts = true;

  void on_standing(Standing) override {}
  void on_joined(const MemberInfo& member) override { read(member.name); }
  void on_suspected(const MemberInfo& member) override { read(member.name); }
  void on_refuted(const MemberInfo& member) override { read(member.name); }
  void on_removed(const MemberInfo& member, RemovalReason) override { read(member.name); }
  void on_bound(const Binding& binding) override { read(binding); }
  void on_withdrawn(const Binding& binding) override { read(binding); }
  void on_batch_begin(const MemberKey&) override {}
  void on_batch_end(const MemberKey&) override {}
  void on_synchronized() override {}
  bool on_message(const MemberKey&, std::span<const std::byte> payload, Packet&) override {
    read(payload);
    return accepts;
  }
  bool on_request(const MemberKey&, CallId, std::string_view path,
                  std::span<const std::byte> payload, Packet&) override {
    read(path);
    read(payload);
    return accepts;
  }
  void on_response(CallId, CallOutcome, std::span<const std::byte> payload, Packet*) override {
    read(payload);
  }
  void on_undelivered(const MemberKey&, std::size_t messages) override {
    fuzz::require(messages <= window_packets, "no more is under way than the window holds");
  }

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
  volatile unsigned sum_ = 0;
};

class Trial {
 public:
  Trial() : port_(cluster_id("simulated"), packets_max), member_(config(), port_, events_) {
    member_.start(now_);
  }

  void run(fuzz::Input input) {
    while (!input.empty()) {
      step(input);
      check();
    }
  }

 private:
  static MemberConfig config() {
    MemberConfig config{.name = "m0",
                        .cluster = cluster_id("simulated"),
                        .incarnation = 1000,
                        .self = {0x0a4d0001, 7777},
                        .group = {0xef4d5354, 7777},
                        .seeds = {{0x0a4d0003, 7777}},
                        .membership = {},
                        .directory = {},
                        .messaging = {}};
    config.membership.members_max = members_max;
    config.directory.tree_bytes_max = tree_bytes_max;
    config.directory.tombstone_bytes_max = 1 << 10;
    config.messaging.window_packets = window_packets;
    config.messaging.calls_max = 8;
    return config;
  }
  static MemberId some_member(std::uint8_t number) {
    const std::array name{'m', static_cast<char>('0' + number % 8)};
    return member_id({name.data(), name.size()});
  }

  void step(fuzz::Input& input) {
    switch (input.take<std::uint8_t>() % 12) {
      case 0:
        return receive_as_it_is(input);
      case 1:
      case 2:
      case 3:
        return receive_repaired(input);
      case 4:
        now_ += us * input.take<std::uint16_t>() * 16;
        return member_.on_deadline(now_);
      case 5:
        now_ = std::max(now_, std::min(member_.next_deadline(), now_ + second));
        return member_.on_deadline(now_);
      case 6:
        return member_.transmit(now_);
      case 7:
        member_.bind(some_path(input), input.take_bytes(input.take<std::uint16_t>() % 2000),
                     some_attributes(input));
        return;
      case 8:
        return change_several(input);
      case 9:
        return send(input);
      case 10:
        events_.accepts = !events_.accepts;
        return;
      default:
        if (input.take<std::uint8_t>() == 0) member_.leave(now_);
        return;
    }
  }

  Attributes some_attributes(fuzz::Input& input) {
    const auto block = input.take_bytes(input.take<std::uint8_t>() % 16);
    return Attributes::well_formed(block) ? Attributes(block) : Attributes();
  }
  void change_several(fuzz::Input& input) {
    const auto kind = input.take<std::uint8_t>();
    if (kind == 0) {
      member_.withdraw_all();
      return;
    }
    Batch batch;
    for (int left = kind % 4; left > 0; --left)
      batch.bind(some_path(input), input.take_bytes(input.take<std::uint8_t>()));
    batch.withdraw(some_path(input));
    member_.apply(batch);
  }

  std::string some_path(fuzz::Input& input) {
    const auto bytes = input.take_bytes(input.take<std::uint8_t>() % 8);
    std::string path = "/";
    return path.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  void receive(std::span<const std::byte> bytes) {
    Packet& packet = port_.receive(bytes, {0x0a4d0002, 7777});
    member_.on_packet(now_, packet);
    port_.release(packet);
  }
  void receive_as_it_is(fuzz::Input& input) {
    receive(input.take_bytes(input.take<std::uint16_t>() % (packet_bytes_max + 1)));
  }
  /// As if the checks that only chance could pass had been passed: magic, version and cluster,
  /// the receiver of a session packet, the request that an answer is for.
  void receive_repaired(fuzz::Input& input) {
    const auto taken = input.take_bytes(input.take<std::uint16_t>() % (packet_bytes_max + 1));
    std::vector<std::byte> bytes(taken.begin(), taken.end());
    if (bytes.size() >= sizeof(wire::Header)) {
      auto& header = at<wire::Header>(bytes, 0);
      header.magic = wire::magic;
      header.version = header.oldest_version = wire::version;
      header.cluster = cluster_id("simulated");
      const auto type = wire::Type{header.type};
      const std::size_t body_bytes = bytes.size() - sizeof header;
      if (type == wire::Type::session && body_bytes >= sizeof(wire::Session))
        at<wire::Session>(bytes, sizeof header).receiver_incarnation = member_.self().incarnation;
      if (type == wire::Type::sync_answer && body_bytes >= sizeof(wire::SyncAnswer))
        at<wire::SyncAnswer>(bytes, sizeof header).request = port_.last_request();
    }
    receive(bytes);
  }
  template <class T>
  static T& at(std::vector<std::byte>& bytes, std::size_t offset) {
    return *reinterpret_cast<T*>(bytes.data() + offset);
  }

  void send(fuzz::Input& input) {
    Packet* packet = port_.allocate();
    if (packet == nullptr) return;
    const MemberId to = some_member(input.take<std::uint8_t>());
    const auto kind = input.take<std::uint8_t>();
    const std::size_t bytes = input.take<std::uint16_t>() % 1500;
    std::memset(packet->data, kind, packet->capacity);
    SendResult result;
    if (kind % 3 == 0)
      result = member_.send(now_, to, *packet, bytes);
    else if (kind % 3 == 1)
      result =
          member_.call(now_, to, kind, some_path(input), *packet, bytes, DurationNs{kind} * ms);
    else
      result = member_.reply(now_, {to, 900 + std::uint64_t{input.take<std::uint8_t>()}}, kind,
                             CallStatus::ok, *packet, bytes);
    if (result != SendResult::sent) port_.release(*packet);
  }

  void check() const {
    const auto& peers = member_.membership().peers();
    fuzz::require(peers.size() < members_max, "no more members than members_max");
    fuzz::require(port_.live() <= packets_max + peers.size() * window_packets,
                  "no more packets than the windows hold");
    for (const auto& [id, peer] : peers) {
      const Replica* replica = member_.directory().replica(id);
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
  FuzzedApplication events_;
  Member member_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Trial().run({data, size});
  return 0;
}
