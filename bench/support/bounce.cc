#include "bench/support/bounce.h"

namespace muster::bench {

double line_rtt_ns(Cores cores) {
  Loop<BareLine> loop;
  return bounce_beside_line(cores, loop, 100).wire_ns;
}

}  // namespace muster::bench
