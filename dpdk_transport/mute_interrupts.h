// Interrupts that DPDK's driver of a NIC offers and that lead to nothing, as seen on QEMU's NICs
// under vfio-pci.
#pragma once

#include <string_view>

namespace muster::dpdk {

/// Of the link: it goes, and the driver goes on saying that it is up. The 82574's has one vector
/// for each cause and the driver assigns none; vmxnet3's asks a register that QEMU does not have.
inline bool mute_on_links(std::string_view driver) {
  return driver == "net_e1000_em" || driver == "net_vmxnet3";
}

/// Of frames: none comes.
inline bool mute_on_frames(std::string_view driver) { return driver == "net_e1000_em"; }

}  // namespace muster::dpdk
