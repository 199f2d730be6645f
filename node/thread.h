// Threads that stay on a core.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster {

/// That the calling thread may run on.
unsigned usable_cores();
/// The numbers of those, without the one that it runs on now.
std::vector<std::uint32_t> other_cores();
/// Throws StartError unless threads of this process may run on `core`, whatever cores they begin
/// with; `field` names it in the configuration.
void check_core(const char* field, std::optional<std::uint32_t> core);
/// For the calling thread: its name in the system's tools (up to 15 bytes), and its core.
void settle_thread(const std::string& name, std::optional<std::uint32_t> core);

}  // namespace muster
