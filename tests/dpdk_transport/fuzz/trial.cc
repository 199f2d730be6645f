#include "tests/dpdk_transport/fuzz/trial.h"

#include <algorithm>
#include <optional>

#include "tests/dpdk_transport/golden6.h"
#include "tests/fuzz/require.h"

namespace muster::dpdk::fuzz {

using muster::fuzz::require;

namespace {

constexpr std::size_t held_max = 64;
constexpr std::size_t hoard_max = 1500;
constexpr std::uint16_t vlan = 7;
/// The null device gives back 384 bytes less than it takes for each queue, each time that it is
/// closed: this is enough for a million inputs.
const EalConfig eal{.memory_mb = 1024};

std::optional<std::uint32_t> friend_at(bool v4, const IpAddress& address) {
  for (std::uint32_t number = 0; number < friends; ++number)
    if (address == station_address(v4, number)) return number;
  return std::nullopt;
}

Route route_of(bool v4, bool has_gateway) {
  if (!has_gateway) return {};
  const IpAddress first = v4 ? IpAddress(0x0a4d0000) : IpAddress{golden6::self_address.high, 0};
  const IpAddress last =
      v4 ? IpAddress(0x0a4dffff) : IpAddress{golden6::self_address.high, UINT64_MAX};
  return {.first = first, .last = last, .gateway = station_address(v4, friends - 1)};
}

}  // namespace

Trial::Trial(std::uint16_t choice)
    : v4_((choice & 1) == 0),
      friends_only_((choice & 2) == 0),
      first_goes_last_((choice & 4) != 0),
      ends_settled_((choice & 0x8000) == 0) {
  start_eal(eal);
  Wire::now_ns = 10'000'000'000;
  Wire::link = false;  // what is said at once would not be looked at
  const LocalAddresses& local = v4_ ? golden::at_self : golden6::at_self;
  speaker_ = {.station = v4_ ? golden::self : golden6::self,
              .local = local,
              .vlan = (choice & 8) != 0 ? vlan : untagged,
              .mtu = (choice & 16) != 0 ? mtu_max : mtu_default};
  route_ = route_of(v4_, (choice & 32) != 0);
  const auto queues = static_cast<std::uint16_t>(1 + (choice >> 8 & 0x7f) % 5 % Wire::queues_max);
  books_ = std::make_unique<Books>(speaker_, route_, queues);
  wire_ = std::make_unique<Wire>(speaker_.mtu, [this](std::uint16_t queue, const Frame& frame) {
    books_->sent(queue, frame);
  });
  queues_ = DpdkTransport::open(
      {.eal = eal,
       .device = Wire::device,
       .self = local.self,
       .group = local.group,
       .route = route_,
       .mac = speaker_.station.mac,
       .mtu = speaker_.mtu,
       .vlan = speaker_.vlan,
       .pool_packets = 128,
       .rx_descriptors = 64,
       .tx_descriptors = 64,
       .queues = queues,
       .neighbour_doubt_ns = (choice & 64) != 0 ? 50'000'000U : 5'000'000'000U});
  require(queues_.size() == queues, "the port has as many queues as were asked for");
  wire_->plug_in(queues);
  Wire::link = true;
  link_was_lost_ = (choice & 128) != 0;  // not found yet
  if (!link_was_lost_)
    for (std::uint16_t queue = 0; queue < queues; ++queue) look_at_link(queue);
}

/// In either order, and whatever waits still, everything is given back.
Trial::~Trial() {
  if (ends_settled_) settle();
  release_all();
  wire_->keep_nothing();
  while (!queues_.empty()) {
    queues_.erase(first_goes_last_ ? queues_.end() - 1 : queues_.begin());
    if (ends_settled_ && !queues_.empty())
      require(queues_.front()->packets_in_use() == 0, "who goes keeps no packet");
  }
  require(wire_->held_by_others() == 0, "who goes keeps no frame");
}

void Trial::run(Input input) {
  while (!input.empty()) {
    step(input);
    for (std::uint16_t queue = 0; queue < queues_.size(); ++queue)
      books_->check(queue, queues_[queue]->stats());
  }
}

void Trial::step(Input& input) {
  const auto what = input.take<std::uint8_t>() % 22;
  if (what < 9) return others_say(input);
  switch (what) {
    case 9:
    case 10:
    case 11: {
      const std::uint16_t queue = next_queue(input);
      const auto how = input.take<std::uint8_t>();
      return serve(queue, how & 0x1fU, how >> 5);
    }
    case 12:
      Wire::now_ns += TimeNs{1} << input.take<std::uint8_t>() % 34;
      return;
    case 13:
    case 14:
    case 15:
      return write(input);
    case 16:
      return send_again(input);
    case 17:
      return flush(next_queue(input));
    case 18:
    case 19:
      return change_port(input);
    case 20: {
      const auto rare = input.take<std::uint8_t>();
      if (rare < 8) return storm(input);
      if (rare < 16) return settle();
      if (rare < 32) return hoard();
      return release_all();
    }
    default:
      return look_at_link(next_queue(input));
  }
}

void Trial::others_say(Input& input) {
  const auto how = input.take<std::uint8_t>();
  const auto queue = static_cast<std::uint16_t>((how & 0xfU) % queues_.size());
  const Arrival arrival = next_arrival(input, speaker_, strangers_);
  if (frames_left_ > 0 && wire_->put(arrival, queue)) {
    --frames_left_;
    books_->comes(arrival, queue);
  }
  if ((how & 0x10) != 0) return;
  serve(queue, 32, how >> 5);
  flush(queue);
}

/// Many of whom nobody knows say one thing each.
void Trial::storm(Input& input) {
  const std::uint16_t queue = next_queue(input);
  const auto kind = static_cast<OthersKind>(input.take<std::uint8_t>() % others_kinds);
  // A few, or more than the neighbours that a member has room for.
  const auto many = input.take<std::uint16_t>();
  const std::size_t count = std::min<std::size_t>(
      (many & 0xe000U) == 0xe000U ? many & 0x1fffU : many & 0xffU, frames_left_);
  frames_left_ -= count;
  for (std::size_t i = 0; i < count; ++i) {
    const IpAddress address = station_address(v4_, 100 + strangers_++);
    Arrival arrival{
        .bytes = written(kind, {.address = address, .mac = derived_mac(address)}, speaker_, 4)};
    if (speaker_.vlan != untagged) arrival.bytes = golden::tagged(arrival.bytes, speaker_.vlan);
    if (wire_->put(arrival, queue)) books_->comes(arrival, queue);
    if (i % 32 == 31 || i + 1 == count) {
      serve(queue, 32, 0);
      flush(queue);
      wire_->give_back();
    }
  }
}

/// A cycle of the queue's thread.
void Trial::serve(std::uint16_t queue, std::size_t packets, std::uint8_t what_then) {
  std::array<Packet*, 32> burst{};
  const std::size_t count = queues_[queue]->receive(std::span(burst).first(packets));
  require(count <= packets, "no more is received than there is room for");
  books_->received(queue, wire_->taken(queue), std::span(burst).first(count));
  for (Packet* packet : std::span(burst).first(count)) use(queue, *packet, what_then);
}

/// What is received is read, written over where there is room, and perhaps sent on.
void Trial::use(std::uint16_t queue, Packet& packet, std::uint8_t how) {
  require(packet.size <= packet.capacity && packet.capacity <= queues_[queue]->payload_bytes_max(),
          "a packet has room for what it has");
  require(packet.peer.address.same_family(speaker_.station.address) &&
              !packet.peer.address.is_multicast() && !packet.peer.address.is_unspecified(),
          "a packet is from a station");
  std::fill_n(packet.data + packet.size, packet.capacity - packet.size, std::byte{0xcc});
  const IpAddress& from = packet.peer.address;
  const bool may_be_answered =
      from != speaker_.station.address &&
      (!friends_only_ || friend_at(v4_, route_.next_hop(from)).has_value());
  switch (how & 3U) {
    case 1:
      return hold(packet, false);
    case 2:
    case 3:
      if (!may_be_answered) break;
      packet.size = (how & 4U) != 0 ? packet.capacity : packet.size;
      books_->mark(packet);
      return transmit(queue, packet);
    default:
      break;
  }
  queues_[queue]->release(packet);
}

void Trial::write(Input& input) {
  const std::uint16_t queue = next_queue(input);
  const Endpoint peer = next_peer(input);
  const auto how = input.take<std::uint8_t>();
  // More than waits for a port that has no room.
  const std::size_t packets = (how & 0xf0) == 0xc0 ? 40 : 1;
  for (std::size_t i = 0; i < packets; ++i) write_one(input, queue, peer, how);
}

void Trial::write_one(Input& input, std::uint16_t queue, const Endpoint& peer, std::uint8_t how) {
  Packet* packet = queues_[queue]->allocate();
  if (packet == nullptr) return books_->exhausted();
  require(packet->capacity == queues_[queue]->payload_bytes_max() && packet->size == 0,
          "an empty packet has all the room");
  packet->size = (how & 0xe0) == 0xe0 ? input.take<std::uint16_t>() % packet->capacity : how;
  books_->mark(*packet);
  if ((how & 0x1f) == 0x1e) packet->size = packet->capacity + 1;
  packet->peer = peer;
  packet->expendable = (how & 7) == 1;
  if ((how & 3) == 2 && packet->size <= packet->capacity && held_.size() < held_max) {
    queues_[queue]->retain(*packet);
    hold(*packet, true);
  }
  transmit(queue, *packet);
}

void Trial::send_again(Input& input) {
  const std::uint16_t queue = next_queue(input);
  const auto which = input.take<std::uint8_t>();
  const Endpoint peer = next_peer(input);
  if (held_.empty()) return;
  const auto held = held_.begin() + which % static_cast<std::ptrdiff_t>(held_.size());
  Packet& packet = *held->packet;
  if (!held->is_marked) return;
  if (which >= 192)  // for the last time
    held_.erase(held);
  else
    queues_[queue]->retain(packet);
  packet.peer = peer;
  transmit(queue, packet);
}

Endpoint Trial::next_peer(Input& input) const {
  const auto who = input.take<std::uint8_t>();
  const std::uint8_t number = who >> 3;
  switch (who & 7U) {
    case 0:
      return speaker_.local.group;
    case 1:
      if (!friends_only_) return {station_address(v4_, friends + number), 7778};
      break;
    case 2:
      if (!friends_only_ || !route_.gateway.is_unspecified())
        return {far_address(v4_, number), 7778};
      break;
    default:
      break;
  }
  return {station_address(v4_, number % friends), static_cast<std::uint16_t>(7778 + number / 16)};
}

void Trial::transmit(std::uint16_t queue, Packet& packet) {
  const DpdkTransportStats before = queues_[queue]->stats();
  const auto its_friend = packet.peer.address.is_multicast()
                              ? std::nullopt
                              : friend_at(v4_, route_.next_hop(packet.peer.address));
  const bool fits = packet.size <= packet.capacity;
  books_->transmits(queue, packet);
  queues_[queue]->transmit(packet);
  if (its_friend && fits && keeps_friends()) check_friend(*its_friend, before);
}

/// Whoever was asked for is known from then on, and asked for now and then until then.
void Trial::check_friend(std::uint32_t number, const DpdkTransportStats& before) {
  const DpdkTransportStats now = queues_[0]->stats();
  if (now.tx_spared > before.tx_spared) return;
  const bool was_known = now.unresolved == before.unresolved;
  require(was_known || !known_[number], "nobody pushes out who was asked for");
  known_[number] = was_known;
  if (now.neighbour_requests == before.neighbour_requests) return;
  require(!was_known, "nobody is asked for who is known");
  require(asked_ns_[number] == 0 || Wire::now_ns - asked_ns_[number] >= NeighbourPacer::interval_ns,
          "nobody is asked for again at once");
  asked_ns_[number] = Wire::now_ns;
}

void Trial::hold(Packet& packet, bool is_marked) {
  if (held_.size() < held_max) return held_.push_back({&packet, is_marked});
  queues_[0]->release(packet);
}

/// Until there is no more.
void Trial::hoard() {
  while (hoarded_.size() < hoard_max) {
    Packet* packet = queues_[0]->allocate();
    if (packet == nullptr) return books_->exhausted();
    hoarded_.push_back(packet);
  }
}

void Trial::release_all() {
  for (Packet* packet : hoarded_) queues_[0]->release(*packet);
  for (const Held& held : held_) queues_[0]->release(*held.packet);
  hoarded_.clear();
  held_.clear();
}

void Trial::flush(std::uint16_t queue) { queues_[queue]->flush(); }

void Trial::look_at_link(std::uint16_t queue) {
  const Link found = queues_[queue]->link();
  if (queue != 0) return;
  require((found == Link::up) == Wire::link, "the link is as it is");
  if (found == Link::up && !had_link_) books_->announced();
  had_link_ = found == Link::up;
}

void Trial::change_port(Input& input) {
  const std::uint16_t queue = next_queue(input);
  const auto how = input.take<std::uint8_t>();
  switch (how & 7U) {
    case 0:
      Wire::link = false;
      link_was_lost_ = true;
      return look_at_link(queue);
    case 1:
    case 2:
      Wire::link = true;
      return look_at_link(queue);
    case 3:
      return wire_->set_room(queue, how >> 3);
    case 4:
    case 5:
      return wire_->set_room(queue, Wire::unlimited);
    default:
      return wire_->give_back();
  }
}

/// All is sent and read that waits, and given back; then everything has to add up.
void Trial::settle() {
  release_all();
  Wire::link = true;
  for (std::uint16_t queue = 0; queue < queues_.size(); ++queue)
    wire_->set_room(queue, Wire::unlimited);
  bool waits = true;
  for (int round = 0; waits || round < 20; ++round) {
    waits = false;
    for (std::uint16_t queue = 0; queue < queues_.size(); ++queue) {
      look_at_link(queue);
      serve(queue, 32, 0);
      flush(queue);
      wire_->give_back();
      waits = waits || wire_->waiting(queue) > 0;
    }
  }
  std::vector<DpdkTransportStats> stats;
  for (const auto& queue : queues_) {
    require(queue->flush() == 0, "nothing waits where there is room");
    stats.push_back(queue->stats());
  }
  require(queues_[0]->packets_in_use() == 0, "every packet is given back");
  require(wire_->held_by_others() == 0, "every frame is given back");
  books_->check_all(stats, wire_->has_refused(), link_was_lost_);
}

}  // namespace muster::dpdk::fuzz
