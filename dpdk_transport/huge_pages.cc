#include "dpdk_transport/huge_pages.h"

#include <string>

#include "interfaces/file_tree.h"

namespace muster::dpdk {

std::uint64_t free_huge_pages_mb(const std::filesystem::path& root) {
  const FileTree files(root);
  const std::string all = "sys/kernel/mm/hugepages";
  std::uint64_t free_bytes = 0;
  for (const std::string& size : files.names(all))
    free_bytes +=
        huge_page_bytes(size) * files.number(all + "/" + size + "/free_hugepages").value_or(0);
  return free_bytes >> 20;
}

}  // namespace muster::dpdk
