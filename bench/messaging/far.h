// What the process does that receives and answers.
#pragma once

#include <functional>

#include "bench/messaging/endpoint.h"
#include "bench/messaging/task.h"

namespace muster::bench {

/// Goes on until `told_to_stop()`, which may make system calls and is not asked while messages are
/// measured; of a flood until it has measured. Throws std::runtime_error on a message that was
/// never sent like that: damaged, twice, or out of order.
Outcome run_far(MessageEndpoint& endpoint, const Task& task, bool yields,
                const std::function<bool()>& told_to_stop);

}  // namespace muster::bench
