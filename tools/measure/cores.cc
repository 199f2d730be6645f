#include "tools/measure/cores.h"

#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <pthread.h>
#include <sched.h>

namespace muster::measure {

Cores two_cores() {
  cpu_set_t allowed;
  const int error = pthread_getaffinity_np(pthread_self(), sizeof(allowed), &allowed);
  if (error != 0) {
    throw std::system_error(error, std::generic_category(), "cannot read which cores are allowed");
  }
  std::vector<int> found;
  for (int core = 0; core < CPU_SETSIZE && found.size() < 2; ++core) {
    if (CPU_ISSET(core, &allowed)) found.push_back(core);
  }
  if (found.size() < 2) {
    throw std::runtime_error("this needs two cores and may use one: widen its taskset");
  }
  return {found[0], found[1]};
}

void pin_this_thread(int core) {
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  CPU_SET(core, &wanted);
  const int error = pthread_setaffinity_np(pthread_self(), sizeof(wanted), &wanted);
  if (error != 0) {
    throw std::system_error(error, std::generic_category(),
                            "cannot pin a thread to core " + std::to_string(core));
  }
}

}  // namespace muster::measure
