// Work that must not run beside the handlers of DPDK's interrupt thread.
#pragma once

#include <functional>

namespace muster::dpdk {

/// Runs `work` on the interrupt thread and returns when it is done. memif changes a port there
/// when its peer comes or goes, without a lock against others who change it: so all of them do it
/// there. `work` does not throw.
void on_interrupt_thread(const std::function<void()>& work);

}  // namespace muster::dpdk
