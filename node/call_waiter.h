// Who waits for the answer to a call.
#pragma once

#include <span>

#include "node/awaited.h"
#include "node/node.h"
#include "node/repeats.h"

namespace muster {

struct CallWaiter {
  CallCallback callback = {};
  AwaitedCall* awaited = nullptr;  ///< instead of a callback
  Repeats::Kept repeat = {};       ///< of an idempotent call

  void end(CallOutcome outcome, std::span<const std::byte> payload) const;
};

}  // namespace muster
