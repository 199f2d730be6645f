// What a process of the suite is told by the one that started it, and tells it: one line at a time.
#pragma once

#include <optional>
#include <string>

namespace muster::bench {

class Orders {
 public:
  /// The next line, if one has come. The end of the input is an order to quit.
  std::optional<std::string> next();

 private:
  std::string text_;
};

void say(const std::string& line);

}  // namespace muster::bench
