#include "dpdk_transport/device.h"

#include <filesystem>

#include <fmt/format.h>
#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <unistd.h>

#include "dpdk_transport/burst_gate.h"
#include "dpdk_transport/eal.h"
#include "dpdk_transport/interrupt_thread.h"
#include "dpdk_transport/log.h"

namespace muster::dpdk {

namespace {

/// What another process can open as well: an interface of the kernel, or a NIC. A tap is made for
/// its member.
std::optional<std::string> shared_port(const DeviceName& name) {
  if (name.pci) return name.name;
  const auto interface = name.argument("iface");
  if (!interface || name.driver() == "net_tap") return std::nullopt;
  return std::string(*interface);
}

namespace fs = std::filesystem;

fs::path folder_of_pci(const std::string& address) {
  return fs::path("/sys/bus/pci/devices") / address;
}

/// PCI devices are found by what the kernel says of them.
std::string what_ails_pci(const std::string& address) {
  std::error_code ignored;
  if (!fs::exists(folder_of_pci(address), ignored))
    return fmt::format("there is no PCI device {}: `scripts/nic status` lists those that there are",
                       address);
  const std::string driver = kernel_driver(address);
  if (driver == "vfio-pci")
    return fmt::format(
        "DPDK cannot use {}, which vfio-pci hands over: {}", address,
        access("/dev/vfio/vfio", R_OK | W_OK) == 0
            ? "another process may have it: end that one, or give this one another NIC"
            : "this process may not open /dev/vfio/vfio: run as root, or let this user");
  return fmt::format(
      "DPDK cannot use the PCI device {}, which the kernel's driver {} holds: bind it with "
      "`scripts/nic bind {}`",
      address, driver.empty() ? "(none)" : driver, address);
}

std::string why_not(const DeviceName& name, const LogCapture& log) {
  if (name.pci) return what_ails_pci(name.name) + log.quoted();
  // Drivers answer -1 to everything, so the code says nothing.
  if (geteuid() != 0 && (name.driver() == "net_tap" || name.driver() == "net_af_packet"))
    return fmt::format(
        "{} needs the right to use raw network devices: run as root, or with "
        "CAP_NET_ADMIN and CAP_NET_RAW{}",
        name.name, log.quoted());
  return fmt::format("DPDK cannot open {} with \"{}\": check the driver's name and its arguments{}",
                     name.name, name.argument_text(), log.quoted());
}

}  // namespace

std::string kernel_driver(const std::string& address) {
  std::error_code ignored;
  return fs::read_symlink(folder_of_pci(address) / "driver", ignored).filename();
}

Device::Device(const DeviceName& name, const MemifTerms& terms) : name_(name) {
  if (rte_eth_dev_get_port_by_name(name_.name.c_str(), &port_) == 0)
    throw StartError(fmt::format("{} is open already in this process: give this one another number",
                                 name_.name));
  if (const auto port = shared_port(name_)) claim_.emplace(*port);
  if (name_.is_memif()) {
    const MemifEnd end = memif_end(name_);
    if (end.server)
      listener_ = std::make_unique<MemifListener>(end.socket, terms);
    else if (!std::filesystem::exists(folder_of(end.socket)))  // of which the driver says little
      throw StartError(why_unreachable(end.socket));
  }
  if (name_.pci && rte_bus_find_by_name("pci") == nullptr)
    throw StartError(fmt::format("{}: this DPDK has no PCI bus: install its drivers", name_.name));

  const LogCapture log;
  const std::string arguments = name_.argument_text();
  int result = 0;
  change([&] { result = rte_eal_hotplug_add(bus(), name_.name.c_str(), arguments.c_str()); });
  if (result != 0) throw StartError(why_not(name_, log));
  if (rte_eth_dev_get_port_by_name(name_.name.c_str(), &port_) != 0 ||
      port_ >= BurstGate::ports_max) {
    change([&] { rte_eal_hotplug_remove(bus(), name_.name.c_str()); });
    throw StartError(fmt::format("{} is no Ethernet port, or one too many: {} at most can be open",
                                 name_.name, BurstGate::ports_max));
  }
}

Device::~Device() {
  if (listener_) listener_->retire();
  const LogCapture log;
  // In one go: a server that is stopped still takes the next client, whom the driver would call on
  // a port that is gone.
  change([&] {
    rte_eth_dev_stop(port_);
    rte_eth_dev_close(port_);
    rte_eal_hotplug_remove(bus(), name_.name.c_str());
  });
}

bool Device::stop() {
  const LogCapture log;
  bool stopped = false;
  // The threads of its other queues may be in the middle of a burst.
  change([&] {
    stopped = BurstGate::close();
    if (stopped) rte_eth_dev_stop(port_);
    BurstGate::open();
  });
  return stopped;
}

void Device::change(const std::function<void()>& work) {
  if (name_.is_memif())
    on_interrupt_thread(work);
  else
    work();
}

}  // namespace muster::dpdk
