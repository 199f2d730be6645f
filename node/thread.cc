#include "node/thread.h"

#include <thread>

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include "node/errors.h"

namespace muster {
namespace {

cpu_set_t allowed_cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof allowed, &allowed);
  return allowed;
}

bool pin_calling_thread(std::uint32_t core) {
  if (core >= CPU_SETSIZE) return false;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  return pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
}

/// Isolated cores are in no mask that a process begins with, and may be chosen all the same.
bool may_run_on(std::uint32_t core) {
  bool may = false;
  std::thread([&] { may = pin_calling_thread(core); }).join();
  return may;
}

}  // namespace

unsigned usable_cores() {
  const cpu_set_t allowed = allowed_cores();
  return static_cast<unsigned>(CPU_COUNT(&allowed));
}

std::vector<std::uint32_t> other_cores() {
  const cpu_set_t allowed = allowed_cores();
  const int own = sched_getcpu();
  std::vector<std::uint32_t> others;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (core != own && CPU_ISSET(core, &allowed))
      others.push_back(static_cast<std::uint32_t>(core));
  return others;
}

void check_core(const char* field, std::optional<std::uint32_t> core) {
  if (!core || may_run_on(*core)) return;
  throw StartError(fmt::format(
      "{} is {}, and this process may not run on that core: choose one of "
      "/sys/devices/system/cpu/online that the process's cpuset has (cpuset.cpus.effective)",
      field, *core));
}

void settle_thread(const std::string& name, std::optional<std::uint32_t> core) {
  pthread_setname_np(pthread_self(), name.c_str());
  // Checked before; should the core have gone since, the thread runs wherever it can.
  if (core) pin_calling_thread(*core);
}

}  // namespace muster
