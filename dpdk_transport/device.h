// A device of DPDK, there as long as the object is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dpdk_transport/device_name.h"
#include "dpdk_transport/memif_socket.h"
#include "dpdk_transport/port_claim.h"

namespace muster::dpdk {

/// The kernel's driver of a PCI device; empty where it has none, or is not there.
std::string kernel_driver(const std::string& address);

class Device {
 public:
  /// Creates a vdev, or takes a PCI device. A memif server says to its clients what it carries.
  /// Throws StartError.
  explicit Device(const DeviceName& name, const MemifTerms& terms = {});
  /// Stops and removes it.
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  /// DPDK's number of the port.
  std::uint16_t port() const { return port_; }
  /// It may be started again. Waits until bursts are kept out of it. False: one did not end, and
  /// the device runs on.
  bool stop();

 private:
  void change(const std::function<void()>& work);
  const char* bus() const { return name_.pci ? "pci" : "vdev"; }

  DeviceName name_;
  std::optional<PortClaim> claim_;           ///< of what is not made for this process alone
  std::unique_ptr<MemifListener> listener_;  ///< a memif server has one
  std::uint16_t port_ = 0;
};

}  // namespace muster::dpdk
