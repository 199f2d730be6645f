// Whether a process got no core for a while, as if it had been paused: on a crowded machine that
// happens to processes that nobody touches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <system_error>

#include <sys/types.h>

namespace muster::soak {

class Starvation {
 public:
  /// Has a thread that polls not run at all since the last look at that process? False at the first
  /// look. They sleep for a tenth of a millisecond at most.
  bool since_last_look(pid_t process) {
    std::map<std::string, std::uint64_t> slices = slices_of(process);
    auto& before = slices_[process];
    const bool starved = std::ranges::any_of(slices, [&](const auto& thread) {
      const auto earlier = before.find(thread.first);
      return earlier != before.end() && earlier->second == thread.second;
    });
    before = std::move(slices);
    return starved;
  }
  void forget(pid_t process) { slices_.erase(process); }

 private:
  /// How often the kernel has run each thread.
  static std::map<std::string, std::uint64_t> slices_of(pid_t process) {
    namespace fs = std::filesystem;
    std::map<std::string, std::uint64_t> slices;
    std::error_code gone;
    for (const auto& thread :
         fs::directory_iterator(fs::path("/proc") / std::to_string(process) / "task", gone)) {
      std::string name;
      std::ifstream(thread.path() / "comm") >> name;
      if (name == "eal-intr-thread") continue;  // waits for what seldom comes
      std::uint64_t on_core_ns = 0, waited_ns = 0, count = 0;
      if (std::ifstream(thread.path() / "schedstat") >> on_core_ns >> waited_ns >> count)
        slices[thread.path()] = count;
    }
    return slices;
  }

  std::map<pid_t, std::map<std::string, std::uint64_t>> slices_;
};

}  // namespace muster::soak
