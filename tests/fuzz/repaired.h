// Packets of a fuzzer's input, repaired: as if they had passed the checks that only chance could
// pass, so that what lies behind those is reached as well.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "cluster/member.h"
#include "tests/fuzz/fuzz_port.h"

namespace muster::fuzz {

/// Of this cluster, to this incarnation, and an answer to what was asked last: magic, version and
/// cluster, the receiver of a session packet, the number of a synchronization request, the nonces
/// of probes and introductions, the incarnation that is removed or refused.
std::vector<std::byte> addressed(std::span<const std::byte> taken, const Member& member,
                                 const FuzzPort& port);
/// The same, from somebody who is a member already, and where the copy of its tree stands, or the
/// fetch of it, or a channel.
std::vector<std::byte> expected(std::span<const std::byte> taken, const Member& member,
                                const FuzzPort& port);

}  // namespace muster::fuzz
