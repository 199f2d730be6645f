// What a way costs where no line of a cache has to travel: both ends in one thread.
#pragma once

#include <span>
#include <string>

#include "bench/messaging/stint.h"
#include "bench/messaging/ways.h"

namespace muster::bench {

/// The first argument of the process that has both ends.
inline constexpr const char* one_thread_option = "--one-thread";
/// From the arguments after it; the exit status.
int run_one_thread(std::span<char*> arguments);

/// Nanoseconds for each message, from its claim until it is heard, one by one ("single") and 32
/// under way together ("burst"), and for each poll() with nothing to do ("idle"): the best tenth of
/// many batches, since whoever disturbs only adds.
class OneThread final : public Stint {
 public:
  OneThread(const Way& way, int core) : way_(way), core_(core) {}

  /// 0: what a way takes, its own process knows.
  std::size_t packet_message_bytes() const override { return 0; }
  std::size_t message_bytes_min() const override { return 0; }
  std::size_t message_bytes_max() const override { return SIZE_MAX; }
  Measured measure(const Task& task) override;

 private:
  const Way& way_;
  int core_;
};

}  // namespace muster::bench
