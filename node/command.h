// What the application asks of the engine besides sending.
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "cluster/events.h"

namespace muster {

struct Bind {
  std::string path;
  std::vector<std::byte> value;
};
struct Withdraw {
  std::string path;
};
struct Cancel {
  CallId call;
};
struct Leave {};

using Command = std::variant<Bind, Withdraw, Cancel, Leave>;

}  // namespace muster
