// What this machine has to reach a network by, and what this process may do with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dpdk_transport/mac_address.h"

namespace muster::dpdk {

/// An Ethernet interface of the kernel.
struct Interface {
  std::string name;
  unsigned index = 0;  ///< the kernel's number of it
  MacAddress mac{};
  std::string pci{};     ///< address of the NIC behind it; empty: none, or not by PCI
  std::string driver{};  ///< of the device behind it, the kernel's; empty: none, as of a bridge
  bool up = false;       ///< switched on; it may have no link all the same
  std::uint32_t mtu = 1500;
  std::uint32_t receive_queues = 1;
  bool default_route = false;  ///< goes over it, or over an interface that stands on it
};

/// A network device of the PCI bus.
struct PciNic {
  std::string address;   ///< "0000:3b:00.0"
  std::string driver{};  ///< the kernel's, or one that hands it to DPDK; empty: none
  std::optional<int>
      node{};  ///< of the machine's memory, that it is nearest to, where that is said
};

struct NicFacts {
  std::vector<Interface> interfaces{};  ///< in the order of their names
  std::vector<PciNic> nics{};           ///< in the order of their addresses
  bool may_read_frames = false;         ///< this process, by a packet socket
  bool may_load_xdp = false;            ///< this process: XDP's program and its socket
  /// Of DPDK's drivers those that are installed, "net_af_xdp"; none: they cannot be told apart.
  std::optional<std::set<std::string>> drivers{};

  bool has_driver(std::string_view name) const {
    return !drivers || drivers->contains(std::string(name));
  }
};

/// Where DPDK looks for its drivers.
std::filesystem::path driver_folder();

/// That the NIC behind a port is nearest to; `device` is as DPDK takes it. Nothing where there is
/// no NIC, or the machine does not say.
std::optional<int> node_of(std::string_view device, const NicFacts& facts);

/// As /sys, /proc and the folder of drivers below `root` say it. What cannot be read is not
/// there.
NicFacts read_nic_facts(const std::filesystem::path& root = "/");

}  // namespace muster::dpdk
