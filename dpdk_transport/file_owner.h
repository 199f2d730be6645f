// Whose a file is, for sentences.
#pragma once

#include <filesystem>
#include <string>

namespace muster::dpdk {

/// "root", "user 1234", or "another user" where that cannot be seen. For the start.
std::string owner_of(const std::filesystem::path& path);

}  // namespace muster::dpdk
