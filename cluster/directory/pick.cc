#include "cluster/directory/pick.h"

#include <xxhash.h>

#include "cluster/random.h"

namespace muster {

std::uint64_t rank(const Pick& pick, MemberId candidate, DurationNs distance_ns, Random& dice) {
  switch (pick.by) {
    case Pick::By::round_robin:
      break;
    case Pick::By::random:
      return dice.next();
    case Pick::By::nearest:
      return distance_ns;
    case Pick::By::sticky:
      return XXH3_64bits_withSeed(pick.key.data(), pick.key.size(),
                                  static_cast<std::uint64_t>(candidate));
  }
  return 0;
}

}  // namespace muster
