#include "tools/measure/bounce.h"

namespace muster::measure {

double line_rtt_ns(Cores cores) {
  Loop<BareLine> loop;
  return bounce_beside_line(cores, loop, 100).wire_ns;
}

}  // namespace muster::measure
