// What the process does that receives and answers.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "bench/messaging/endpoint.h"
#include "bench/messaging/pace.h"
#include "bench/messaging/task.h"

namespace muster::bench {

class Receiver;

class Far {
 public:
  Far(MessageEndpoint& endpoint, const Task& task, const Pace& pace);
  ~Far();
  Far(const Far&) = delete;
  Far& operator=(const Far&) = delete;

  /// One duty cycle; false once it is done. A flood is done when it is measured, everything else
  /// when it is told to stop: asking may make system calls, and is not done while messages are
  /// measured. Throws std::runtime_error on a message that was never sent like that: damaged,
  /// twice, or out of order.
  bool cycle(const std::function<bool()>& told_to_stop);
  Outcome outcome() const;

 private:
  MessageEndpoint& endpoint_;
  const Pace pace_;
  std::unique_ptr<Receiver> receiver_;
  unsigned polls_ = 0;
  std::optional<TimeNs> end_ns_;  ///< at the latest, once told to stop
};

}  // namespace muster::bench
