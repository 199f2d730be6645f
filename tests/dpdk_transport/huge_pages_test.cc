#include "dpdk_transport/huge_pages.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tools/lab/temporary_folder.h"

namespace muster::dpdk {
namespace {

TEST(HugePages, AreCountedOverAllSizes) {
  const TemporaryFolder root;
  EXPECT_EQ(free_huge_pages_mb(root.path()), 0U);
  const auto have = [&](const char* size, int free) {
    const auto folder = root.path() / "sys/kernel/mm/hugepages" / size;
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "free_hugepages") << free << '\n';
    std::ofstream(folder / "nr_hugepages") << 1000 << '\n';
  };
  have("hugepages-2048kB", 31);
  EXPECT_EQ(free_huge_pages_mb(root.path()), 62U);
  have("hugepages-1048576kB", 1);
  EXPECT_EQ(free_huge_pages_mb(root.path()), 62U + 1024U);
}

}  // namespace
}  // namespace muster::dpdk
