#include "node/near_memory.h"

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace muster {
namespace {

constexpr int nodes_max = 64;  // in one word of a mask

}  // namespace

NearMemory::NearMemory(std::optional<int> node) {
  if (!node || *node < 0 || *node >= nodes_max) return;
  int mode = MPOL_DEFAULT;
  // Who runs under a policy of its own (numactl) keeps it.
  if (syscall(SYS_get_mempolicy, &mode, nullptr, 0UL, nullptr, 0UL) != 0 || mode != MPOL_DEFAULT)
    return;
  const unsigned long mask = 1UL << *node;
  // The kernel reads one bit less than it is told of: set_mempolicy(2).
  changed_ = syscall(SYS_set_mempolicy, MPOL_PREFERRED, &mask, nodes_max + 1UL) == 0;
}

NearMemory::~NearMemory() {
  if (changed_) syscall(SYS_set_mempolicy, MPOL_DEFAULT, nullptr, 0UL);
}

}  // namespace muster
