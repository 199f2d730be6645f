// Finds a name in one cache line (docs/adr/0009-a-name-in-one-cache-line.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/directory/bound.h"
#include "cluster/directory/segments.h"

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

/// Open addressing, linear probing, and no tombstones, since what follows a freed slot moves up
/// (Knuth, The Art of Computer Programming, 6.4, Algorithm R).
class NameSlots {
 public:
  using Slots = std::vector<NameSlot, std::pmr::polymorphic_allocator<NameSlot>>;

  /// `count` is a power of two.
  NameSlots(std::size_t count, std::pmr::memory_resource& memory)
      : slots_(count, &memory), mask_(count - 1) {}

  const NameSlot* find(std::uint32_t hash, std::string_view path) const;
  /// The slot for a name with this hash, which is taken from now on. Requires !full().
  NameSlot& take(std::uint32_t hash);
  void erase(NameSlot& slot);
  /// One more would make probing long.
  bool full() const { return 4 * (taken_ + 1) > 3 * slots_.size(); }
  std::size_t count() const { return slots_.size(); }
  /// Gives those that were taken; all are free then, `count` of them.
  void move_out(Slots& taken, std::size_t count);

 private:
  Slots slots_;
  std::size_t mask_;
  std::size_t taken_ = 0;
};

/// A hash table of names. Not thread-safe. Slots move at every insert() and erase().
class NameTable {
 public:
  explicit NameTable(std::pmr::memory_resource& memory);

  /// nullptr: nobody binds `path`.
  const NameSlot* find(std::string_view path) const;
  NameSlot* find(std::string_view path) {
    return const_cast<NameSlot*>(std::as_const(*this).find(path));
  }
  /// Of a name that the table does not have yet. The name outlives its slot. However many there
  /// are, it moves no more of them than one segment holds.
  NameSlot& insert(Name& name);
  void erase(NameSlot& slot);
  std::size_t size() const { return size_; }

 private:
  void make_room(std::uint32_t hash);

  std::pmr::memory_resource& memory_;
  Segments<NameSlots> segments_;
  NameSlots::Slots moving_;  ///< empty but while room is made: its memory stays
  std::size_t size_ = 0;
};

}  // namespace muster
