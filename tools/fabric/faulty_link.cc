#include "tools/fabric/faulty_link.h"

namespace muster::fabric {

bool FaultyLink::happens(double probability) {
  if (probability <= 0) return false;
  return static_cast<double>(random_.next() >> 11) * 0x1p-53 < probability;
}

Arrivals FaultyLink::pass(TimeNs now) {
  Arrivals arrivals;
  if (happens(faults_.loss)) return arrivals;
  arrivals.count = happens(faults_.duplicate) ? 2 : 1;
  for (std::size_t i = 0; i < arrivals.count; ++i) {
    arrivals.when[i] = now + faults_.delay_ns;
    if (happens(faults_.reorder)) arrivals.when[i] += 1 + random_.below(faults_.reorder_delay_ns);
  }
  return arrivals;
}

}  // namespace muster::fabric
