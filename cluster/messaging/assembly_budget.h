// How much memory for messages that come in pieces each of their senders may take.
#pragma once

#include <cstddef>

namespace muster {

/// Whoever has begun no message may take all that is left. Whoever has takes no more than he leaves
/// to the others: then one sender, who begins messages and never ends them, has half of it at most,
/// and the rest goes round among those who do. That is a dynamic threshold with the factor 1
/// (Choudhury and Hahne, Dynamic queue length thresholds for shared-memory packet switches,
/// IEEE/ACM Transactions on Networking 6(2), 1998). One message is always taken.
struct AssemblyBudget {
  std::size_t bytes_max;

  /// For a message of `opens_bytes`; `used_bytes` are taken, `begun_bytes` of them for messages of
  /// the same sender that have not ended.
  bool has_room(std::size_t opens_bytes, std::size_t used_bytes, std::size_t begun_bytes) const {
    if (used_bytes == 0) return true;
    const std::size_t taken = used_bytes + opens_bytes;
    return taken <= bytes_max &&
           (begun_bytes == 0 || begun_bytes + opens_bytes <= bytes_max - taken);
  }
};

}  // namespace muster
