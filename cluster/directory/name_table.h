// Finds a name in one cache line (docs/adr/0009-a-name-in-one-cache-line.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "cluster/directory/bound.h"

namespace muster {

struct Name;

/// What a lookup needs, in one cache line: the path, where it is short, and where the answer is.
struct alignas(64) NameSlot {
  static constexpr std::size_t path_inline_max = 39;

  Name* name = nullptr;  ///< nullptr: free
  const Bound* bound = nullptr;
  std::uint32_t bound_count = 0;
  std::uint32_t hash = 0;
  std::uint8_t path_bytes = 0;
  std::array<char, path_inline_max> path;
};
static_assert(sizeof(NameSlot) == 64);

/// A hash table of names: open addressing, linear probing, and no tombstones, since what follows a
/// freed slot moves up (Knuth, The Art of Computer Programming, 6.4, Algorithm R).
/// Not thread-safe. Slots move at every insert() and erase().
class NameTable {
 public:
  explicit NameTable(std::pmr::memory_resource& memory);

  /// nullptr: nobody binds `path`.
  const NameSlot* find(std::string_view path) const;
  NameSlot* find(std::string_view path) {
    return const_cast<NameSlot*>(static_cast<const NameTable*>(this)->find(path));
  }
  /// Of a name that the table does not have yet. The name outlives its slot.
  NameSlot& insert(Name& name);
  void erase(NameSlot& slot);
  std::size_t size() const { return size_; }

 private:
  using Slots = std::vector<NameSlot, std::pmr::polymorphic_allocator<NameSlot>>;

  std::size_t home(const NameSlot& slot) const { return slot.hash & mask_; }
  NameSlot& free_slot(std::uint32_t hash);
  void grow();

  Slots slots_;
  std::size_t mask_;  ///< their number, a power of two, less one
  std::size_t size_ = 0;
};

}  // namespace muster
