// One way while its turn lasts: whoever is started for it is gone with it.
#pragma once

#include <cstddef>

#include "bench/messaging/figures.h"
#include "bench/messaging/task.h"

namespace muster::bench {

struct Measured {
  NamedFigures figures;
  Histogram times;  ///< of a ping
};

class Stint {
 public:
  virtual ~Stint() = default;
  Stint() = default;
  Stint(const Stint&) = delete;
  Stint& operator=(const Stint&) = delete;

  /// Of one packet, and at all.
  virtual std::size_t packet_message_bytes() const = 0;
  virtual std::size_t message_bytes_min() const = 0;
  virtual std::size_t message_bytes_max() const = 0;
  /// Blocks. Throws std::runtime_error when it could not be measured.
  virtual Measured measure(const Task& task) = 0;
};

}  // namespace muster::bench
