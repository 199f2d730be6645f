// Counts every operator new of a program; for one file of it.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace muster::test {
inline std::size_t allocations = 0;
}

void* operator new(std::size_t bytes) {
  ++muster::test::allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
