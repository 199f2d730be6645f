#include "node/frame_pool.h"

#include <array>
#include <new>
#include <utility>

namespace muster {
namespace {

constexpr std::size_t class_bytes = 64;
constexpr std::size_t classes = 64;

struct Free {
  Free* next;
};

/// Outlives the lists: a frame may be released when its thread is at its end.
thread_local bool ended = false;

struct FreeLists {
  std::array<Free*, classes> first{};

  ~FreeLists() {
    ended = true;
    for (Free* free : first)
      while (free != nullptr) ::operator delete(std::exchange(free, free->next));
  }
};
thread_local FreeLists lists;

std::size_t class_of(std::size_t bytes) { return (bytes - 1) / class_bytes; }

}  // namespace

void* allocate_frame(std::size_t bytes) {
  const std::size_t its_class = class_of(bytes);
  if (its_class >= classes || ended) return ::operator new(bytes);
  Free*& first = lists.first[its_class];
  if (first == nullptr) return ::operator new((its_class + 1) * class_bytes);
  return std::exchange(first, first->next);
}

void release_frame(void* frame, std::size_t bytes) noexcept {
  const std::size_t its_class = class_of(bytes);
  if (its_class >= classes || ended) return ::operator delete(frame);
  Free*& first = lists.first[its_class];
  first = ::new (frame) Free{first};
}

}  // namespace muster
