// What processes hold and what they leave behind, as the kernel tells it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <system_error>

#include <sys/types.h>

namespace muster::soak {

struct Footprint {
  std::map<std::string, std::size_t> descriptors;  ///< how many of each kind
  std::size_t threads = 0;
  std::size_t resident_kib = 0;
};

/// Throws when there is no such process of ours.
inline Footprint footprint(pid_t process) {
  namespace fs = std::filesystem;
  const fs::path about = fs::path("/proc") / std::to_string(process);
  Footprint result;
  for ([[maybe_unused]] const auto& thread : fs::directory_iterator(about / "task"))
    ++result.threads;
  for (const auto& descriptor : fs::directory_iterator(about / "fd")) {
    std::error_code gone;
    std::string kind = fs::read_symlink(descriptor.path(), gone).string();
    std::erase_if(kind, [](char letter) { return letter >= '0' && letter <= '9'; });
    ++result.descriptors[kind];
  }
  std::ifstream status(about / "status");
  for (std::string word; status >> word;)
    if (word == "VmRSS:") status >> result.resident_kib;
  return result;
}

/// What members, the switch or DPDK could leave where everybody's files are: in shared memory, in
/// folders for temporary files and for DPDK's own.
inline std::set<std::string> files_in_shared_places() {
  namespace fs = std::filesystem;
  std::set<std::string> found;
  const auto add = [&](const fs::path& folder, auto&& ours) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none))
      if (ours(entry.path().filename().string())) found.insert(entry.path());
  };
  const auto any = [](const std::string&) { return true; };
  add("/dev/shm", any);
  add("/tmp/dpdk", any);
  add("/var/run/dpdk", any);
  // Where DPDK starts; all else of ours that is temporary heeds TMPDIR.
  add("/tmp", [](const std::string& name) {
    return name.starts_with("muster-") && name.find('-', 7) == std::string::npos;
  });
  return found;
}

}  // namespace muster::soak
