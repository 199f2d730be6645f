// Memory in huge pages, for large tables that are met at random.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <new>

#include <sys/mman.h>

namespace muster {

/// Asks the kernel for transparent huge pages: a page walk less for each access to a large table,
/// which in a virtual machine is two. Where the kernel has none, plain pages serve as well.
class HugePages final : public std::pmr::memory_resource {
 private:
  static constexpr std::size_t page_bytes = std::size_t{2} << 20;

  static bool huge(std::size_t bytes) { return bytes >= page_bytes; }

  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (!huge(bytes)) return ::operator new(bytes, std::align_val_t(alignment));
    void* memory = ::operator new(bytes, std::align_val_t(page_bytes));
    madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
  }
  void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
    ::operator delete(memory, std::align_val_t(huge(bytes) ? page_bytes : alignment));
  }
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }
};

}  // namespace muster
