#include "tools/fabric/learning_table.h"

#include <algorithm>
#include <bit>

namespace muster::fabric {

LearningTable::LearningTable(std::size_t stations_max, DurationNs age_ns)
    : sets_(std::bit_ceil((stations_max + 3) / 4)), age_ns_(age_ns) {}

bool LearningTable::lives(const Entry& entry, TimeNs now) const {
  return entry.used && now - entry.heard < age_ns_;
}

std::size_t LearningTable::set_of(Mac station) const {
  return (station * 0x9e3779b97f4a7c15 >> 32) & (sets_.size() - 1);
}

void LearningTable::learn(Mac station, PortIndex port, TimeNs now) {
  if (is_multicast(station)) return;
  Set& set = sets_[set_of(station)];
  auto place = std::find_if(set.begin(), set.end(), [&](const Entry& entry) {
    return entry.used && entry.station == station;
  });
  if (place == set.end())
    place = std::min_element(set.begin(), set.end(), [](const Entry& a, const Entry& b) {
      return a.used != b.used ? !a.used : a.heard < b.heard;
    });
  *place = {station, now, port, true};
}

std::optional<PortIndex> LearningTable::find(Mac station, TimeNs now) const {
  for (const Entry& entry : sets_[set_of(station)])
    if (entry.station == station && lives(entry, now)) return entry.port;
  return std::nullopt;
}

}  // namespace muster::fabric
