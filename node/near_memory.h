// Memory on a node of the machine.
#pragma once

#include <optional>

namespace muster {

/// While it lives, what the calling thread touches first comes from that node, or, where that has
/// none left, from any. Changes nothing without a node, or where the kernel does not let it.
class NearMemory {
 public:
  explicit NearMemory(std::optional<int> node);
  ~NearMemory();
  NearMemory(const NearMemory&) = delete;
  NearMemory& operator=(const NearMemory&) = delete;

 private:
  bool changed_ = false;
};

}  // namespace muster
