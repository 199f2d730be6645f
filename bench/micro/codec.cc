// What it costs to turn bytes into checked views, and to write the headers of a message.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include <benchmark/benchmark.h>

#include "cluster/messaging/message_writer.h"
#include "cluster/outbox.h"
#include "cluster/wire/layout.h"
#include "cluster/wire/parse.h"

namespace muster::bench {
namespace {

constexpr std::uint64_t cluster = 7;

/// One packet in plain memory, again and again.
class OnePacket final : public PacketPort {
 public:
  Packet* allocate() override {
    packet_ = {.data = bytes_.data(), .capacity = static_cast<std::uint32_t>(bytes_.size())};
    return &packet_;
  }
  void retain(Packet&) override {}
  void release(Packet&) override {}
  void transmit(Packet&) override {}

 private:
  std::array<std::byte, 1472> bytes_{};
  Packet packet_;
};

class Desk {
 public:
  Packet& open(wire::Type type) { return *outbox_.open(type); }

 private:
  OnePacket port_;
  Outbox outbox_{port_, {.cluster = cluster, .self = {.id = MemberId{1}, .incarnation = 1}}};
};

void append_text(Packet& packet, std::string_view text) {
  append(packet, std::as_bytes(std::span(text)));
}

Packet& write_heartbeat(Desk& desk) {
  Packet& packet = desk.open(wire::Type::heartbeat);
  constexpr std::string_view name = "server-1";
  append(packet, wire::Heartbeat{.directory_version = 5,
                                 .directory_digest = 6,
                                 .view_digest = 7,
                                 .members_alive = 3,
                                 .synchronized = 1,
                                 .name_length = name.size()});
  append_text(packet, name);
  return packet;
}

Packet& write_advertisement(Desk& desk) {
  constexpr std::uint16_t changes = 10;
  constexpr std::string_view path = "/shop/payments";
  constexpr std::string_view value = "10.0.0.1:9000";
  Packet& packet = desk.open(wire::Type::advertisement);
  append(packet, wire::Advertisement{.base_version = 0, .to_version = changes, .changes = changes});
  for (std::uint64_t version = 1; version <= changes; ++version) {
    append(packet, wire::Change{.version = version,
                                .kind = static_cast<std::uint8_t>(wire::ChangeKind::bind),
                                .flags = 0,
                                .path_length = path.size(),
                                .attribute_bytes = 0,
                                .value_bytes = value.size(),
                                .offset = 0,
                                .length = value.size()});
    append_text(packet, path);
    append_text(packet, value);
  }
  return packet;
}

Packet& write_session(Desk& desk) {
  static constexpr std::array<std::byte, 64> payload{};
  Packet& packet = desk.open(wire::Type::session);
  begin_messages(packet);
  MessageWriter({}, payload).write(packet);
  wire::Session& head = session_head(packet);
  head.receiver_incarnation = 1;
  head.sequence = 9;
  head.acknowledged = 8;
  head.window_packets = 64;
  return packet;
}

void parse_packet(benchmark::State& state, Packet& (*write)(Desk&)) {
  Desk desk;
  const Packet& packet = write(desk);
  wire::Parsed parsed;
  if (wire::parse(packet.payload(), cluster, parsed)) {
    state.SkipWithError("the packet is not accepted");
    return;
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(wire::parse(packet.payload(), cluster, parsed));
    benchmark::DoNotOptimize(parsed);
  }
}
BENCHMARK_CAPTURE(parse_packet, heartbeat, write_heartbeat)->Name("codec.parse_heartbeat");
BENCHMARK_CAPTURE(parse_packet, advertisement, write_advertisement)
    ->Name("codec.parse_advertisement_of_10");
BENCHMARK_CAPTURE(parse_packet, session, write_session)->Name("codec.parse_session");

void write_session_headers(benchmark::State& state) {
  Desk desk;
  for (auto _ : state) {
    Packet& packet = write_session(desk);
    benchmark::DoNotOptimize(packet.data);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(write_session_headers)->Name("codec.write_session");

}  // namespace
}  // namespace muster::bench
