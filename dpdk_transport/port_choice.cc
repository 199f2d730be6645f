#include "dpdk_transport/port_choice.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dpdk_transport/device_name.h"
#include "dpdk_transport/frame_pool.h"

namespace muster::dpdk {

namespace {

/// DPDK's driver for a NIC that the kernel's driver shares with it; empty: it does not.
std::string_view sharing_driver(std::string_view driver) {
  if (driver == "mlx5_core") return "net_mlx5";
  return driver == "mlx4_core" ? "net_mlx4" : "";
}

bool hands_over(std::string_view driver) {
  return driver == "vfio-pci" || driver == "uio_pci_generic" || driver == "igb_uio";
}

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) {
  throw StartError(fmt::format(text, std::forward<Args>(args)...));
}

/// What was named: an interface, a NIC, or both.
struct Target {
  std::string name;  ///< as the user may know it
  const Interface* interface = nullptr;
  const PciNic* nic = nullptr;
  std::string arguments{};   ///< for DPDK's own driver, with their comma
  std::uint32_t mtu = 0;     ///< what it shall carry
  std::uint16_t queues = 1;  ///< that the member reads

  std::string_view driver() const { return nic != nullptr ? nic->driver : interface->driver; }
  bool default_route() const { return interface != nullptr && interface->default_route; }
};

std::string what_there_is(const NicFacts& facts) {
  constexpr std::size_t shown_max = 12;
  std::vector<std::string> all;
  for (const Interface& interface : facts.interfaces)
    all.push_back(fmt::format("{} ({}{}{})", interface.name, to_string(interface.mac),
                              interface.pci.empty() ? "" : ", ", interface.pci));
  for (const PciNic& nic : facts.nics)
    if (std::ranges::find(facts.interfaces, nic.address, &Interface::pci) == facts.interfaces.end())
      all.push_back(fmt::format("{} ({})", nic.address,
                                nic.driver.empty() ? "no driver" : std::string_view(nic.driver)));
  if (all.empty()) return "this machine has no Ethernet interface: give a vdev";
  const bool more = all.size() > shown_max;
  all.resize(std::min(all.size(), shown_max));
  return fmt::format("give one of {}{}", fmt::join(all, ", "), more ? ", …" : "");
}

Target by_interface(const Interface& interface, const NicFacts& facts) {
  const auto nic = std::ranges::find(facts.nics, interface.pci, &PciNic::address);
  return {.name = interface.name,
          .interface = &interface,
          .nic = nic == facts.nics.end() ? nullptr : &*nic};
}

Target by_pci_address(const DeviceName& device, const NicFacts& facts) {
  const auto nic = std::ranges::find(facts.nics, device.name, &PciNic::address);
  if (nic == facts.nics.end()) refuse("there is no NIC {}: {}", device.name, what_there_is(facts));
  Target target{.name = device.name, .nic = &*nic};
  if (!device.arguments.empty()) target.arguments = fmt::format(",{}", device.argument_text());
  for (const Interface& interface : facts.interfaces) {
    if (interface.pci != device.name) continue;
    if (target.interface != nullptr && sharing_driver(nic->driver).empty())
      refuse("{} has the interfaces {} and {}: give the name of one", device.name,
             target.interface->name, interface.name);
    if (!target.default_route()) target.interface = &interface;
  }
  return target;
}

Target by_mac(const MacAddress& mac, const NicFacts& facts) {
  const Interface* found = nullptr;
  for (const Interface& interface : facts.interfaces) {
    if (interface.mac != mac) continue;
    if (found != nullptr)
      refuse("{} is the address of {} and of {}: give the name of one", to_string(mac), found->name,
             interface.name);
    found = &interface;
  }
  if (found == nullptr)
    refuse("no interface has the address {}: {}", to_string(mac), what_there_is(facts));
  return by_interface(*found, facts);
}

Target find_target(std::string_view text, const NicFacts& facts) {
  if (is_pci_address(text.substr(0, text.find(','))))
    return by_pci_address(parse_device(text), facts);
  if (const auto mac = parse_mac(text)) return by_mac(*mac, facts);
  const auto interface = std::ranges::find(facts.interfaces, text, &Interface::name);
  if (interface == facts.interfaces.end())
    refuse("there is no interface \"{}\": {}, or a vdev (net_memif0,…)", text,
           what_there_is(facts));
  return by_interface(*interface, facts);
}

/// What keeps a target from a way, and what helps; nothing helps where `remedy` is empty.
struct Obstacle {
  std::string what;  ///< continues "since"
  std::string remedy{};
};
using Obstructed = std::optional<Obstacle>;

Obstructed without_driver(std::string_view driver, const NicFacts& facts) {
  if (facts.has_driver(driver)) return std::nullopt;
  return Obstacle{fmt::format("DPDK's driver {} is not installed", driver),
                  "install DPDK's drivers (librte-meta-net)"};
}

Obstructed obstacle_to_own_driver(const Target& target) {
  if (target.nic == nullptr) return Obstacle{"it is no NIC of the PCI bus"};
  const std::string_view driver = target.driver();
  if (hands_over(driver)) return std::nullopt;
  if (!sharing_driver(driver).empty())
    return Obstacle{fmt::format("the kernel's driver {} shares it: bifurcated is its way", driver)};
  return Obstacle{
      driver.empty() ? "no driver has it" : fmt::format("the kernel's driver {} has it", driver),
      fmt::format("`scripts/nic bind {}` gives it to DPDK", target.nic->address)};
}

Obstructed obstacle_to_sharing(const Target& target, const NicFacts& facts) {
  const std::string_view driver = target.nic == nullptr ? "" : sharing_driver(target.driver());
  if (driver.empty()) return Obstacle{"only NICs of mlx4_core and mlx5_core can be shared"};
  return without_driver(driver, facts);
}

/// Common to the ways that leave the port to the kernel's driver.
Obstructed obstacle_through_the_kernel(const Target& target) {
  if (target.interface == nullptr) {
    if (!hands_over(target.driver())) return Obstacle{"the kernel has no interface of it here"};
    return Obstacle{fmt::format("{} has it, and the kernel no interface", target.driver()),
                    fmt::format("`scripts/nic unbind {}` gives it back", target.nic->address)};
  }
  if (!target.arguments.empty())
    return Obstacle{"its arguments are for DPDK's own driver alone", "leave them out"};
  return std::nullopt;
}

Obstructed unread_queues(const Interface& interface, std::uint32_t read) {
  if (interface.receive_queues <= read) return std::nullopt;
  return Obstacle{fmt::format("it spreads what comes over {} queues, of which af_xdp reads {}",
                              interface.receive_queues, read == 1 ? "one" : std::to_string(read)),
                  fmt::format("`ethtool -L {} combined {}` leaves it {}", interface.name, read,
                              read == 1 ? "one" : "those")};
}

Obstructed obstacle_to_xdp(const Target& target, const NicFacts& facts) {
  if (Obstructed obstacle = obstacle_through_the_kernel(target)) return obstacle;
  if (target.mtu > xdp_mtu_max)
    return Obstacle{fmt::format("XDP carries packets of {} bytes at most, and mtu is {}",
                                xdp_mtu_max, target.mtu)};
  if (!facts.may_load_xdp)
    return Obstacle{"this process may load no XDP program",
                    "run as root, or with CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF"};
  if (Obstructed obstacle = unread_queues(*target.interface, target.queues)) return obstacle;
  return without_driver("net_af_xdp", facts);
}

Obstructed obstacle_to_packets(const Target& target, const NicFacts& facts) {
  if (Obstructed obstacle = obstacle_through_the_kernel(target)) return obstacle;
  if (!facts.may_read_frames)
    return Obstacle{"this process may not read an interface's frames",
                    "run as root, or with CAP_NET_RAW and CAP_NET_ADMIN"};
  return without_driver("net_af_packet", facts);
}

Obstructed obstacle_to(Way way, const Target& target, const NicFacts& facts) {
  switch (way) {
    case Way::as_written:
      break;
    case Way::vfio:
      return obstacle_to_own_driver(target);
    case Way::bifurcated:
      return obstacle_to_sharing(target, facts);
    case Way::af_xdp:
      return obstacle_to_xdp(target, facts);
    case Way::af_packet:
      return obstacle_to_packets(target, facts);
  }
  return std::nullopt;
}

/// Past these the kernel no longer sees what comes for it.
bool takes_from_the_kernel(Way way) { return way == Way::bifurcated || way == Way::af_xdp; }

std::string device_of(Way way, const Target& target) {
  if (way == Way::vfio || way == Way::bifurcated) return target.nic->address + target.arguments;
  // The number keeps the vdevs of one process apart.
  const std::uint32_t queues =
      std::min<std::uint32_t>(target.interface->receive_queues, target.queues);
  return fmt::format(
      "net_{}{},iface={}{}", word(way), target.interface->index, target.interface->name,
      way == Way::af_xdp && target.queues > 1 ? fmt::format(",queue_count={}", queues) : "");
}

std::string why(Way way, const Target& target, const NicFacts& facts) {
  switch (way) {
    case Way::as_written:
      break;
    case Way::vfio:
      return fmt::format("{} hands it to DPDK", target.driver());
    case Way::bifurcated:
      return fmt::format("the kernel's driver {} shares it with DPDK", target.driver());
    case Way::af_xdp:
      return "the kernel has it, and XDP takes what comes before the kernel does";
    case Way::af_packet:
      return target.default_route()
                 ? "it carries the default route, which this way leaves to the kernel"
                 : obstacle_to_xdp(target, facts).value_or(Obstacle{"the kernel has it"}).what;
  }
  return "";
}

/// A port that opens all the same, and then carries nothing, or not all.
void check_usable(const Interface& interface, std::uint32_t mtu) {
  if (!interface.up)
    refuse("{} is switched off: `ip link set dev {} up`", interface.name, interface.name);
  if (interface.mtu < mtu)
    refuse("{} carries {} bytes, and members send {}: `ip link set dev {} mtu {}`", interface.name,
           interface.mtu, mtu, interface.name, mtu);
}

/// From fast to slow.
constexpr std::array ways = {Way::vfio, Way::bifurcated, Way::af_xdp, Way::af_packet};

PortChoice best_way(const Target& target, const NicFacts& facts) {
  std::string better;
  for (const Way way : ways) {
    if (target.default_route() && takes_from_the_kernel(way)) continue;
    const Obstructed obstacle = obstacle_to(way, target, facts);
    if (!obstacle)
      return {.device = device_of(way, target),
              .way = way,
              .why = why(way, target, facts),
              .better = target.default_route() ? "" : better};
    if (better.empty() && !obstacle->remedy.empty())
      better = fmt::format("{} would be faster: {}", word(way), obstacle->remedy);
  }
  const Way last = target.interface == nullptr ? Way::vfio : Way::af_packet;
  const Obstacle obstacle = obstacle_to(last, target, facts).value();
  refuse("{} cannot be a port, since {}: {}", target.name, obstacle.what,
         obstacle.remedy.empty() ? what_there_is(facts) : obstacle.remedy);
}

PortChoice forced_way(Way way, const Target& target, const NicFacts& facts) {
  if (const Obstructed obstacle = obstacle_to(way, target, facts))
    refuse("{} cannot go by way = \"{}\", since {}: {}", target.name, word(way), obstacle->what,
           obstacle->remedy.empty() ? "leave the way out" : obstacle->remedy);
  const bool cuts_off = target.default_route() && takes_from_the_kernel(way);
  return {.device = device_of(way, target),
          .way = way,
          .why = cuts_off ? "that was asked for, and the kernel's default route loses it"
                          : "that was asked for"};
}

/// Its driver refuses more queues than the interface has; it may have fewer than the member has
/// threads. What comes by others nobody hears, which may be wanted: who steers frames by rules.
void fit_xdp(PortChoice& choice, const DeviceName& device, const Interface& interface,
             std::uint16_t queues) {
  const auto given = device.argument("queue_count");
  std::uint32_t read = std::min<std::uint32_t>(interface.receive_queues, queues);
  if (given) std::from_chars(given->data(), given->data() + given->size(), read);
  if (read > interface.receive_queues)
    refuse(
        "{}: queue_count={} is more than the {} that {} has: leave it out, or `ethtool -L {} "
        "combined {}`",
        device.name, *given, interface.receive_queues, interface.name, interface.name, *given);
  if (!given && read > 1) choice.device += fmt::format(",queue_count={}", read);
  if (const Obstructed unread = unread_queues(interface, read))
    choice.better =
        fmt::format("{} would hear all: {}, {}", interface.name, unread->what, unread->remedy);
}

PortChoice as_written(std::string_view text, std::optional<Way> forced, const NicFacts& facts,
                      std::uint32_t mtu, std::uint16_t queues) {
  const DeviceName device = parse_device(text);
  if (forced && device.driver() != fmt::format("net_{}", word(*forced)))
    refuse("{} cannot go by way = \"{}\", since a vdev is a way of its own: leave the way out",
           device.name, word(*forced));
  PortChoice choice{.device = std::string(text), .why = "it is a vdev"};
  for (const Interface& interface : facts.interfaces) {
    if (device.argument("iface") != interface.name || device.driver() == "net_tap") continue;
    check_usable(interface, mtu);
    if (device.driver() == "net_af_xdp") fit_xdp(choice, device, interface, queues);
  }
  return choice;
}

}  // namespace

std::string_view word(Way way) {
  constexpr std::array<std::string_view, 5> words = {"as written", "vfio", "bifurcated", "af_xdp",
                                                     "af_packet"};
  return words[static_cast<std::size_t>(way)];
}

PortChoice choose_port(std::string_view text, std::optional<Way> forced, const NicFacts& facts,
                       std::uint32_t mtu, std::uint16_t queues) {
  if (text.starts_with("net_")) return as_written(text, forced, facts, mtu, queues);
  Target target = find_target(text, facts);
  target.mtu = mtu;
  target.queues = queues;
  PortChoice choice = forced ? forced_way(*forced, target, facts) : best_way(target, facts);
  if (choice.way != Way::vfio && target.interface != nullptr) check_usable(*target.interface, mtu);
  return choice;
}

}  // namespace muster::dpdk
