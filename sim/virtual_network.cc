#include "sim/virtual_network.h"

#include <algorithm>

#include "cluster/wire/layout.h"

namespace muster::sim {
namespace {

bool is_heartbeat(std::span<const std::byte> bytes) {
  return bytes.size() >= sizeof(wire::Header) &&
         wire::Type{reinterpret_cast<const wire::Header*>(bytes.data())->type} ==
             wire::Type::heartbeat;
}

}  // namespace

VirtualNetwork::VirtualNetwork(const Roster& roster, EventQueue& events, std::uint64_t seed)
    : roster_(roster),
      events_(events),
      dice_(seed),
      cut_(roster.size() * roster.size()),
      bad_(cut_.size()),
      longest_(cut_.size(), SIZE_MAX),
      heartbeats_lost_(cut_.size()),
      sides_(roster.size()),
      burst_until_(roster.size()),
      deaf_(roster.size()) {}

void VirtualNetwork::heal() {
  cut_.assign(cut_.size(), false);
  bad_.assign(bad_.size(), false);
  std::ranges::fill(longest_, SIZE_MAX);
  std::ranges::fill(sides_, 0);
  std::ranges::fill(burst_until_, 0);
}

std::uint64_t VirtualNetwork::take_off(std::span<const std::byte> bytes, const Endpoint& from) {
  if (free_.empty()) {
    free_.push_back(flights_.size());
    flights_.emplace_back();
  }
  const std::uint64_t number = free_.back();
  free_.pop_back();
  Flight& flight = flights_[number];
  flight.references = 1;
  flight.foreign = false;
  flight.from = from;
  flight.bytes.assign(bytes.begin(), bytes.end());
  return number;
}

void VirtualNetwork::landed(std::uint64_t number) {
  if (--flights_[number].references == 0) free_.push_back(number);
}

void VirtualNetwork::schedule(TimeNs at, std::size_t to, std::uint64_t number) {
  ++flights_[number].references;
  events_.at(at, EventKind::arrival, to, number);
}

void VirtualNetwork::send(TimeNs now, std::size_t from, const Packet& packet) {
  const bool lost = dice_.chance(weather_.loss_at_sender);
  if (lost && !(spares_heartbeats() && is_heartbeat(packet.payload()))) return;
  const std::uint64_t number = take_off(packet.payload(), roster_.endpoint(from));
  if (packet.peer == roster_.group()) {
    for (std::size_t to = 0; to < roster_.size(); ++to)
      if (!deaf_[from] && !deaf_[to] && (to != from || weather_.loopback))
        deliver(now, from, to, number, lost);
  } else if (const auto to = roster_.find(packet.peer)) {
    deliver(now, from, *to, number, lost);
  }
  landed(number);
}

void VirtualNetwork::deliver(TimeNs now, std::size_t from, std::size_t to, std::uint64_t number,
                             bool lost) {
  if (!reaches(now, from, to)) return;
  if (flights_[number].bytes.size() > longest_[link(from, to)]) return;
  const auto delay = [&] { return dice_.between(weather_.delay_min_ns, weather_.delay_max_ns); };
  lost = lost || loses(from, to);
  if (spares_heartbeats() && is_heartbeat(flights_[number].payload())) {
    std::uint32_t& in_a_row = heartbeats_lost_[link(from, to)];
    lost = lost && in_a_row < weather_.heartbeats_lost_max;
    in_a_row = lost ? in_a_row + 1 : 0;
  }
  if (!lost) schedule(now + delay(), to, number);
  if (dice_.chance(weather_.duplicate)) schedule(now + delay(), to, number);
  if (dice_.chance(weather_.late)) schedule(now + dice_.below(weather_.late_max_ns), to, number);
}

bool VirtualNetwork::loses(std::size_t from, std::size_t to) {
  if (weather_.turns_bad > 0) {
    const bool was = bad_[link(from, to)];
    const bool is = was != dice_.chance(was ? weather_.turns_good : weather_.turns_bad);
    bad_[link(from, to)] = is;
    if (is && dice_.chance(weather_.loss_while_bad)) return true;
  }
  return dice_.chance(weather_.loss);
}

void VirtualNetwork::inject(TimeNs now, std::size_t to, std::span<const std::byte> bytes,
                            const Endpoint& from) {
  const std::uint64_t number = take_off(bytes, from);
  flights_[number].foreign = true;
  schedule(now + weather_.delay_min_ns, to, number);
  landed(number);
}

}  // namespace muster::sim
