// The text that names a port: what kind of device it is, and with which arguments.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::dpdk {

struct DeviceName {
  bool pci = false;
  std::string name;                                            ///< "0000:03:00.0", "net_memif0"
  std::vector<std::pair<std::string, std::string>> arguments;  ///< in the order written

  /// The name without its number: "net_memif".
  std::string_view driver() const;
  bool is_memif() const { return !pci && driver() == "net_memif"; }
  std::optional<std::string_view> argument(std::string_view key) const;
  /// Only where it is not there yet.
  void add_argument(std::string_view key, std::string value);
  /// "role=client,id=0".
  std::string argument_text() const;
};

/// "0000:03:00.0", or without the domain.
bool is_pci_address(std::string_view text);
/// What a port can be called, for a person who called it otherwise.
inline constexpr std::string_view accepted_devices =
    "give an interface (eth1), its address (52:54:00:12:34:56), a PCI address (0000:03:00.0), or a "
    "vdev with its arguments (net_memif0,role=client,id=0,socket=/run/muster.sock)";

/// Throws StartError when `device` is neither a PCI address nor a vdev.
DeviceName parse_device(std::string_view device);

/// Where a memif meets its peer.
struct MemifEnd {
  bool server = false;
  std::string socket;
  std::string id;
};
/// `name.is_memif()`. Throws StartError when an argument makes no sense.
MemifEnd memif_end(const DeviceName& name);

}  // namespace muster::dpdk
