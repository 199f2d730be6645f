// What the application asks of the engine besides sending.
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "cluster/directory/batch.h"
#include "cluster/events.h"

namespace muster {

struct Bind {
  std::string path;
  std::vector<std::byte> value;
  AttributeSet attributes;
};
struct Withdraw {
  std::string path;
};
struct WithdrawAll {};
struct Leave {};

using Command = std::variant<Bind, Withdraw, WithdrawAll, Batch, Leave>;

}  // namespace muster
