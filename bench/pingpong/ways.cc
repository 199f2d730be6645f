#include <array>

#include "bench/pingpong/way.h"

namespace muster::bench {

std::span<const WayKind> ways() {
  static constexpr std::array<WayKind, 5> all{{
      {"bare", "pingpong.bare", false, open_bare_port},
      {"inline", "F1", false, open_inline},
      {"pipelined", "F1.pipelined", true, open_pipelined},
      {"kernel_udp", "pingpong.kernel_udp", false, open_kernel_udp},
      {"inline_over_sockets", "pingpong.inline_over_sockets", false, open_inline_over_sockets},
  }};
  return all;
}

}  // namespace muster::bench
