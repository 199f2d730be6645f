#include "dpdk_transport/neighbours.h"

namespace muster::dpdk {

bool is_station(const Station& station) {
  const IpAddress& address = station.address;
  const bool broadcast = address.is_v4() && address.v4() >> 28 == 0xf;
  return !address.is_unspecified() && !address.is_multicast() && !broadcast &&
         is_for_one(station.mac);
}

std::size_t NeighbourTable::set_of(const IpAddress& address) {
  // Neighbours on a segment differ in the last bytes: spread them over the sets.
  const auto last = static_cast<std::uint32_t>(address.low ^ address.low >> 32);
  return static_cast<std::uint64_t>(last * 0x9e3779b1U) * sets >> 32;
}

NeighbourTable::Known* NeighbourTable::known_in(Set& set, const IpAddress& address) {
  for (Known& known : set.stations)
    if (known.address == address) return &known;
  return nullptr;
}

void NeighbourTable::learn(const Station& station) {
  Set& set = sets_[set_of(station.address)];
  Known* known = known_in(set, station.address);
  if (known == nullptr) known = known_in(set, IpAddress{});
  if (known == nullptr) {
    known = &set.stations[set.oldest];
    set.oldest = (set.oldest + 1) % ways;
  }
  *known = {.address = station.address, .mac = station.mac};
}

bool NeighbourTable::learn_if_room(const Station& station) {
  Set& set = sets_[set_of(station.address)];
  Known* known = known_in(set, station.address);
  if (known == nullptr) known = known_in(set, IpAddress{});
  if (known == nullptr) return false;
  const bool news = known->address != station.address || known->mac != station.mac;
  *known = {.address = station.address, .mac = station.mac};
  return news;
}

bool NeighbourTable::hear_again(const Station& station) {
  Known* known = known_in(sets_[set_of(station.address)], station.address);
  if (known == nullptr || known->mac != station.mac) return false;
  known->doubts = 0;
  return true;
}

const MacAddress* NeighbourTable::find(const IpAddress& address) const {
  for (const Known& known : sets_[set_of(address)].stations)
    if (known.address == address) return &known.mac;
  return nullptr;
}

bool NeighbourPacer::ask(const IpAddress& address, TimeNs now) {
  Asked& asked = asked_[address.low % asked_.size()];
  if (asked.address == address && now < asked.again_ns) return false;
  asked = {.address = address, .again_ns = now + interval_ns};
  return true;
}

}  // namespace muster::dpdk
