// A pair of processes, one on each core, and the switch between them where the way has one.
#pragma once

#include <memory>
#include <optional>

#include "bench/messaging/child.h"
#include "bench/messaging/stint.h"
#include "bench/messaging/ways.h"
#include "tools/lab/temporary_folder.h"
#include "tools/measure/cores.h"

namespace muster::bench {

using measure::Cores;

class Pair final : public Stint {
 public:
  /// Returns once the two reach each other. Throws std::runtime_error.
  Pair(const Way& way, Cores cores);
  ~Pair() override;

  std::size_t packet_message_bytes() const override { return packet_message_bytes_; }
  std::size_t message_bytes_min() const override;
  std::size_t message_bytes_max() const override { return message_bytes_max_; }
  Measured measure(const Task& task) override;

 private:
  const Way& way_;
  TemporaryFolder folder_;
  std::optional<Child> switch_;
  std::optional<Child> far_;
  std::optional<Child> near_;
  std::size_t packet_message_bytes_ = 0;
  std::size_t message_bytes_max_ = 0;
};

/// A TCP or UDP port that the stints before had not.
std::uint16_t fresh_port();

}  // namespace muster::bench
