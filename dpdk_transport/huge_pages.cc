#include "dpdk_transport/huge_pages.h"

#include <charconv>
#include <fstream>
#include <string>

namespace muster::dpdk {

std::uint64_t free_huge_pages_mb(const std::filesystem::path& root) {
  constexpr std::string_view prefix = "hugepages-";  // and the size of one: "hugepages-2048kB"
  std::uint64_t free_kb = 0;
  std::error_code error;
  for (const auto& size :
       std::filesystem::directory_iterator(root / "sys/kernel/mm/hugepages", error)) {
    const std::string name = size.path().filename();
    if (!name.starts_with(prefix)) continue;
    std::uint64_t page_kb = 0;
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), page_kb);
    std::uint64_t pages = 0;
    std::ifstream(size.path() / "free_hugepages") >> pages;
    free_kb += pages * page_kb;
  }
  return free_kb / 1024;
}

}  // namespace muster::dpdk
