// What the kernel has left of hugepages.
#pragma once

#include <cstdint>
#include <filesystem>

namespace muster::dpdk {

/// Of all sizes together, in MiB; as /sys below `root` says it.
std::uint64_t free_huge_pages_mb(const std::filesystem::path& root = "/");

}  // namespace muster::dpdk
