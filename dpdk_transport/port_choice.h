// By which way a port is reached that a person named: decided from facts, said in sentences.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/errors.h"
#include "cluster/mtu.h"
#include "dpdk_transport/nic_facts.h"

namespace muster::dpdk {

enum class Way : std::uint8_t {
  as_written,  ///< a vdev, as the user wrote it
  vfio,        ///< DPDK's own driver: the kernel has given the NIC away
  bifurcated,  ///< DPDK's own driver beside the kernel's, which keeps the interface
  af_xdp,      ///< the kernel's driver; what comes is DPDK's before the kernel sees it
  af_packet,   ///< the kernel's driver; the kernel sees all of it too
};
/// As a configuration spells it.
std::string_view word(Way way);

struct PortChoice {
  std::string device;  ///< as DPDK takes it
  Way way = Way::as_written;
  std::string why;  ///< continues "since": "it carries the default route"
  /// What would be faster, or hear more, and how to get it, a sentence; empty: nothing.
  std::string better{};
};

/// `text` is an interface's name, its Ethernet address, a PCI address, or a vdev. Without `forced`
/// the best way that carries packets of `mtu` bytes, to a member that reads as many `queues`, and
/// leaves the kernel its default route.
/// Changes nothing on the machine. Throws StartError: what is in the way, and the remedy.
PortChoice choose_port(std::string_view text, std::optional<Way> forced, const NicFacts& facts,
                       std::uint32_t mtu = mtu_default, std::uint16_t queues = 1);

}  // namespace muster::dpdk
