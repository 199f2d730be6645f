#include "node/idle_choice.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace muster {
namespace {

/// Of several threads that are pinned to it.
std::optional<std::uint32_t> shared_core(const CoresConfig& cores) {
  std::vector<std::uint32_t> all = cores.io;
  if (cores.engine) all.push_back(*cores.engine);
  std::ranges::sort(all);
  const auto twice = std::ranges::adjacent_find(all);
  return twice == all.end() ? std::nullopt : std::optional(*twice);
}

}  // namespace

std::string_view word(Idle idle) {
  static constexpr std::array words = {"auto", "spin", "backoff", "sleep"};
  static_assert(words.size() == static_cast<std::size_t>(Idle::sleep) + 1);
  return words[static_cast<std::size_t>(idle)];
}

/// Whoever spins gives no core away, so all else that runs has to have one left.
IdleChoice choose_idle(const NodeConfig& config, const Surroundings& found) {
  const bool pipelined = config.mode == Mode::pipelined;
  if (config.idle == Idle::sleep && !pipelined && !found.wakes)
    return {Idle::backoff, "its port wakes nobody who sleeps, and has to be polled"};
  if (config.idle != Idle::automatic) return {config.idle, "that was asked for"};
  if (const auto core = shared_core(config.cores); core && pipelined)
    return {Idle::backoff, fmt::format("two of its threads share core {}", *core)};
  // The one that polls it, the engine's, and one for each queue.
  const std::size_t threads = pipelined ? 2 + found.queues : 1;
  return {found.cores > threads ? Idle::spin : Idle::backoff,
          fmt::format("its threads are {}, the cores that it may use {}", threads, found.cores)};
}

}  // namespace muster
