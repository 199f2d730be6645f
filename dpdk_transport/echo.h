// Answers to pings.
#pragma once

#include <cstddef>
#include <span>

#include "dpdk_transport/classify.h"
#include "dpdk_transport/neighbours.h"

namespace muster::dpdk {

/// Turns the echo request in `frame`, of either family (RFC 792, RFC 4443, 4.2), into the answer to
/// it. Options of the request go back as they came.
void make_echo_reply(std::span<std::byte> frame, const Classified& request, const Station& self);

}  // namespace muster::dpdk
