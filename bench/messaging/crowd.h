// Eight members and one, through the virtual switch: does each of the eight get its share of the
// one, and does one of the eight that stops reading slow the others?
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>

#include "bench/messaging/child.h"
#include "bench/messaging/stint.h"
#include "tools/measure/cores.h"

namespace muster::bench {

using measure::Cores;

/// The first argument of the process that has the eight, and of the one that has the one.
inline constexpr const char* crowd_option = "--crowd";
/// From the arguments after it; the exit status.
int run_crowd(std::span<char*> arguments);

inline constexpr std::size_t crowd_members = 8;

/// Figures: "least" and "most", of what the eight got through to the one, over an equal share;
/// "others", what the one gets through to seven while the eighth does not read, over what it did
/// before. The eight share a process and a core, the one has the other, and the switch is in
/// between.
class Crowd final : public Stint {
 public:
  explicit Crowd(Cores cores) : cores_(cores) {}

  std::size_t packet_message_bytes() const override { return 0; }
  std::size_t message_bytes_min() const override { return 0; }
  std::size_t message_bytes_max() const override { return SIZE_MAX; }
  Measured measure(const Task& task) override;

 private:
  Cores cores_;
};

}  // namespace muster::bench
