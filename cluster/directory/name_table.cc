#include "cluster/directory/name_table.h"

#include <algorithm>
#include <cstring>

#include <xxhash.h>

#include "cluster/directory/name.h"

namespace muster {
namespace {

constexpr std::size_t slots_at_first = 1024;

std::uint32_t hash_of(std::string_view path) {
  return static_cast<std::uint32_t>(XXH3_64bits(path.data(), path.size()));
}

bool holds(const NameSlot& slot, std::uint32_t hash, std::string_view path) {
  if (slot.hash != hash || slot.path_bytes != path.size()) return false;
  if (path.size() > slot.path.size()) return slot.name->path() == path;
  return std::memcmp(slot.path.data(), path.data(), path.size()) == 0;
}

}  // namespace

NameTable::NameTable(std::pmr::memory_resource& memory)
    : slots_(slots_at_first, &memory), mask_(slots_at_first - 1) {}

const NameSlot* NameTable::find(std::string_view path) const {
  const std::uint32_t hash = hash_of(path);
  for (std::size_t at = hash & mask_; slots_[at].name != nullptr; at = (at + 1) & mask_)
    if (holds(slots_[at], hash, path)) return &slots_[at];
  return nullptr;
}

NameSlot& NameTable::free_slot(std::uint32_t hash) {
  std::size_t at = hash & mask_;
  while (slots_[at].name != nullptr) at = (at + 1) & mask_;
  return slots_[at];
}

NameSlot& NameTable::insert(Name& name) {
  if (4 * (size_ + 1) > 3 * slots_.size()) grow();
  ++size_;
  const std::string_view path = name.path();
  const std::uint32_t hash = hash_of(path);
  NameSlot& slot = free_slot(hash);
  slot.name = &name;
  slot.hash = hash;
  slot.path_bytes = static_cast<std::uint8_t>(path.size());
  if (path.size() <= slot.path.size()) std::ranges::copy(path, slot.path.begin());
  return slot;
}

/// What probing would no longer find behind the gap fills it, and leaves a gap of its own.
void NameTable::erase(NameSlot& slot) {
  --size_;
  auto gap = static_cast<std::size_t>(&slot - slots_.data());
  for (std::size_t at = (gap + 1) & mask_; slots_[at].name != nullptr; at = (at + 1) & mask_) {
    const std::size_t from_home = (at - home(slots_[at])) & mask_;
    if (from_home < ((at - gap) & mask_)) continue;
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap].name = nullptr;
}

void NameTable::grow() {
  Slots before(2 * slots_.size(), slots_.get_allocator());
  before.swap(slots_);
  mask_ = slots_.size() - 1;
  for (const NameSlot& slot : before)
    if (slot.name != nullptr) free_slot(slot.hash) = slot;
}

}  // namespace muster
