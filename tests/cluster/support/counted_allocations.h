// Counts every operator new of a program; for one file of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace muster::test {
inline std::atomic<std::size_t> allocations{0};
}

// Inlined, one without the other, they would look like a mistake to the compiler.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  muster::test::allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
