#include "dpdk_transport/interrupt_thread.h"

#include <future>

#include <rte_alarm.h>
#include <rte_interrupts.h>

namespace muster::dpdk {

namespace {

struct Job {
  const std::function<void()>& work;
  std::promise<void> done;
};

void run(void* argument) {
  auto* job = static_cast<Job*>(argument);
  job->work();
  job->done.set_value();
}

}  // namespace

void on_interrupt_thread(const std::function<void()>& work) {
  Job job{.work = work, .done = {}};
  // Alarms run on the interrupt thread.
  if (rte_thread_is_intr() != 0 || rte_eal_alarm_set(1, run, &job) != 0) return work();
  job.done.get_future().wait();
}

}  // namespace muster::dpdk
