#include "cluster/directory/name_table.h"

#include <algorithm>
#include <cstring>

#include <xxhash.h>

#include "cluster/directory/name.h"

namespace muster {
namespace {

constexpr std::size_t slots_at_first = 1024;
/// Of a segment, which then is a huge page.
constexpr std::size_t slots_max = (std::size_t{2} << 20) / sizeof(NameSlot);

std::uint32_t hash_of(std::string_view path) {
  return static_cast<std::uint32_t>(XXH3_64bits(path.data(), path.size()));
}

bool holds(const NameSlot& slot, std::uint32_t hash, std::string_view path) {
  if (slot.hash != hash || slot.path_bytes != path.size()) return false;
  if (path.size() > slot.path.size()) return slot.name->path() == path;
  return std::memcmp(slot.path.data(), path.data(), path.size()) == 0;
}

}  // namespace

const NameSlot* NameSlots::find(std::uint32_t hash, std::string_view path) const {
  for (std::size_t at = hash & mask_; slots_[at].name != nullptr; at = (at + 1) & mask_)
    if (holds(slots_[at], hash, path)) return &slots_[at];
  return nullptr;
}

NameSlot& NameSlots::take(std::uint32_t hash) {
  ++taken_;
  std::size_t at = hash & mask_;
  while (slots_[at].name != nullptr) at = (at + 1) & mask_;
  return slots_[at];
}

/// What probing would no longer find behind the gap fills it, and leaves a gap of its own.
void NameSlots::erase(NameSlot& slot) {
  --taken_;
  auto gap = static_cast<std::size_t>(&slot - slots_.data());
  for (std::size_t at = (gap + 1) & mask_; slots_[at].name != nullptr; at = (at + 1) & mask_) {
    const std::size_t from_home = (at - slots_[at].hash) & mask_;
    if (from_home < ((at - gap) & mask_)) continue;
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap].name = nullptr;
}

void NameSlots::move_out(Slots& taken, std::size_t count) {
  for (NameSlot& slot : slots_) {
    if (slot.name == nullptr) continue;
    taken.push_back(slot);
    slot.name = nullptr;
  }
  if (count != slots_.size()) slots_ = Slots(count, slots_.get_allocator());
  mask_ = count - 1;
  taken_ = 0;
}

NameTable::NameTable(std::pmr::memory_resource& memory)
    : memory_(memory), segments_(slots_at_first, memory), moving_(&memory) {}

const NameSlot* NameTable::find(std::string_view path) const {
  const std::uint32_t hash = hash_of(path);
  return segments_.of(hash).find(hash, path);
}

NameSlot& NameTable::insert(Name& name) {
  const std::string_view path = name.path();
  const std::uint32_t hash = hash_of(path);
  while (segments_.of(hash).full()) make_room(hash);
  ++size_;
  NameSlot& slot = segments_.of(hash).take(hash);
  slot.name = &name;
  slot.hash = hash;
  slot.path_bytes = static_cast<std::uint8_t>(path.size());
  if (path.size() <= slot.path.size()) std::ranges::copy(path, slot.path.begin());
  return slot;
}

void NameTable::erase(NameSlot& slot) {
  --size_;
  segments_.of(slot.hash).erase(slot);
}

/// A full segment doubles, up to its limit; from there on it is divided.
void NameTable::make_room(std::uint32_t hash) {
  NameSlots& full = segments_.of(hash);
  const bool divides = full.count() >= slots_max && segments_.divisible(hash);
  if (divides) segments_.divide(hash, full.count(), memory_);
  full.move_out(moving_, divides ? full.count() : 2 * full.count());
  for (const NameSlot& slot : moving_) segments_.of(slot.hash).take(slot.hash) = slot;
  moving_.clear();
}

}  // namespace muster
