#include "node/thread.h"

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
  if (!core) return;
  const cpu_set_t allowed = allowed_cores();
  if (*core < CPU_SETSIZE && CPU_ISSET(*core, &allowed)) return;
  throw StartError(fmt::format(
      "{} is {}, and this process may not run on that core: choose one that `taskset -cp $$` lists",
      field, *core));
}

void settle_thread(const std::string& name, std::optional<std::uint32_t> core) {
  pthread_setname_np(pthread_self(), name.c_str());
  if (!core) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(*core, &set);
  // Checked before; should the core have gone since, the thread runs wherever it can.
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

}  // namespace muster
