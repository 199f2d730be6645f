#include "bench/scale/lone_member.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/scale/view_port.h"
#include "bench/support/processor_time.h"
#include "cluster/member.h"
#include "cluster/wire/layout.h"
#include "sim/roster.h"
#include "sim/silent_events.h"
#include "tools/measure/median.h"

namespace muster::bench {

using measure::median;

namespace {

/// Heartbeats that the measurement hears at least.
constexpr std::size_t heartbeats_min = 1'000'000;
/// The median of so many: what else the machine does at the time shows least in it.
constexpr int batches = 9;

struct Ear final : sim::SilentEvents {
  void on_suspected(const MemberInfo&) override { ++suspected; }
  std::uint64_t suspected = 0;
};

struct Nowhere final : sim::Wire {
  void carry(std::size_t, const Packet&) override {}
};

/// One other member: its heartbeat, again and again.
struct Other {
  static constexpr std::uint32_t bytes_max = 192;
  std::array<std::byte, bytes_max> bytes{};
  std::uint32_t size = 0;

  Other(const sim::Roster& roster, std::size_t number) {
    const std::string& name = roster.name(number);
    Packet packet{.data = bytes.data(), .size = 0, .capacity = bytes_max};
    append(packet, wire::Header{.magic = wire::magic,
                                .version = wire::version,
                                .oldest_version = wire::oldest_version,
                                .type = static_cast<std::uint8_t>(wire::Type::heartbeat),
                                .flags = 0,
                                .cluster = roster.cluster(),
                                .sender = static_cast<std::uint64_t>(roster.id(number)),
                                .incarnation = 1,
                                .packet_number = 0,
                                .tag = {}});
    wire::Heartbeat heartbeat{};
    heartbeat.synchronized = 1;
    heartbeat.members_alive = static_cast<std::uint16_t>(roster.size());
    heartbeat.name_length = static_cast<std::uint8_t>(name.size());
    append(packet, heartbeat);
    append(packet, std::as_bytes(std::span(name)));
    size = packet.size;
  }
};

}  // namespace

double member_cpu_us_per_second(std::size_t members, const MembershipConfig& timers) {
  const sim::Roster roster(members);
  std::vector<Other> others;
  for (std::size_t number = 1; number < members; ++number) others.emplace_back(roster, number);
  Nowhere nowhere;
  ViewPort port(0, nowhere);
  Ear ear;
  MemberConfig config{.name = roster.name(0),
                      .cluster = roster.cluster(),
                      .incarnation = 1,
                      .self = roster.endpoint(0),
                      .group = roster.group(),
                      .membership = timers,
                      .directory = {},
                      .messaging = {}};
  config.membership.members_max = static_cast<std::uint32_t>(members + 1);
  Member member(config, port, ear);
  member.start(0);

  const DurationNs interval = timers.heartbeat_interval_ns;
  TimeNs now = 0;
  std::uint64_t packet_number = 0;
  const auto round = [&] {  // one heartbeat of everybody, spread over one interval
    ++packet_number;
    for (std::size_t i = 0; i < others.size(); ++i) {
      const TimeNs at = now + interval * (i + 1) / others.size();
      while (member.next_deadline() <= at) {
        const TimeNs due = member.next_deadline();
        member.on_deadline(due);
        member.transmit(due);
      }
      reinterpret_cast<wire::Header*>(others[i].bytes.data())->packet_number = packet_number;
      Packet packet{.data = others[i].bytes.data(),
                    .size = others[i].size,
                    .capacity = others[i].size,
                    .peer = roster.endpoint(i + 1)};
      member.on_packet(at, packet);
    }
    now += interval;
  };
  const auto joining = timers.join_listen_ns / interval + 5;
  for (std::uint64_t i = 0; i < joining; ++i) round();
  if (member.membership().peers().size() + 1 != members || !member.directory().synchronized())
    throw std::runtime_error("the lone member does not see its cluster");

  const std::size_t rounds = std::max<std::size_t>(10, heartbeats_min / members / batches);
  std::vector<double> spent_us;
  for (int batch = 0; batch < batches; ++batch) {
    const double began = thread_seconds();
    for (std::size_t i = 0; i < rounds; ++i) round();
    spent_us.push_back((thread_seconds() - began) * 1e6);
  }
  if (ear.suspected != 0) throw std::runtime_error("the lone member suspects who speaks");
  return median(spent_us) * static_cast<double>(second) / static_cast<double>(rounds * interval);
}

}  // namespace muster::bench
