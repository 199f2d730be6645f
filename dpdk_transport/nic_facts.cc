#include "dpdk_transport/nic_facts.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>

#include <linux/capability.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <rte_build_config.h>

#include "dpdk_transport/device_name.h"
#include "interfaces/file_tree.h"
#include "interfaces/topology.h"

namespace muster::dpdk {

namespace {

namespace fs = std::filesystem;

const std::string interfaces = "sys/class/net/";

/// Of the kernel's tables, which have no prefix for it; 0 where there is none.
std::uint64_t hexadecimal(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return number;
}

/// What a link points to, whole; empty where there is no such link.
fs::path target_of(const fs::path& link) {
  std::error_code error;
  return fs::canonical(link, error);
}

/// The device itself, or the one it stands on: a virtio_net stands on its PCI device.
std::string pci_address_of(const fs::path& device) {
  for (fs::path at = target_of(device); at.has_relative_path(); at = at.parent_path())
    if (is_pci_address(at.filename().string())) return at.filename();
  return "";
}

Interface read_interface(const FileTree& files, const std::string& name) {
  const std::string at = interfaces + name;
  const auto number = [&](const char* file) { return files.number(at + file).value_or(0); };
  const auto queues = std::ranges::count_if(
      files.names(at + "/queues"), [](const std::string& of) { return of.starts_with("rx-"); });
  return {.name = name,
          .index = static_cast<unsigned>(number("/ifindex")),
          .mac = parse_mac(files.text(at + "/address").value_or("")).value_or(MacAddress{}),
          .pci = pci_address_of(files.path(at + "/device")),
          .driver = target_of(files.path(at + "/device/driver")).filename(),
          .up = (number("/flags") & IFF_UP) != 0,
          .mtu = static_cast<std::uint32_t>(number("/mtu")),
          .receive_queues = static_cast<std::uint32_t>(std::max<std::ptrdiff_t>(queues, 1))};
}

std::vector<std::vector<std::string>> words_of(const FileTree& files, const char* path) {
  std::vector<std::vector<std::string>> lines;
  std::istringstream stream(files.text(path).value_or(""));
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    lines.emplace_back(std::istream_iterator<std::string>(words),
                       std::istream_iterator<std::string>());
  }
  return lines;
}

/// The interfaces that a default route names, of IPv4 or of IPv6.
std::set<std::string> default_routes(const FileTree& files) {
  std::set<std::string> names;
  for (const auto& route : words_of(files, "proc/net/route"))
    if (route.size() > 7 && route[1] == "00000000" && route[7] == "00000000" &&
        (hexadecimal(route[3]) & RTF_UP) != 0)
      names.insert(route[0]);
  for (const auto& route : words_of(files, "proc/net/ipv6_route"))
    if (route.size() > 9 && route[1] == "00" && (hexadecimal(route[8]) & RTF_UP) != 0 &&
        (hexadecimal(route[8]) & RTF_REJECT) == 0)
      names.insert(route[9]);
  return names;
}

/// A bridge, a bond or a VLAN stands on others: what goes over it goes over those.
void add_lower(const FileTree& files, const std::string& name, std::set<std::string>& names) {
  constexpr std::string_view prefix = "lower_";
  for (const std::string& entry : files.names(interfaces + name)) {
    if (!entry.starts_with(prefix)) continue;
    const std::string lower = entry.substr(prefix.size());
    if (names.insert(lower).second) add_lower(files, lower, names);
  }
}

std::vector<Interface> read_interfaces(const FileTree& files) {
  const std::set<std::string> named = default_routes(files);
  std::set<std::string> carrying = named;
  for (const std::string& name : named) add_lower(files, name, carrying);
  std::vector<Interface> found;
  for (const std::string& name : files.names(interfaces)) {
    if (files.number(interfaces + name + "/type") != ARPHRD_ETHER) continue;
    Interface& interface = found.emplace_back(read_interface(files, name));
    interface.default_route = carrying.contains(interface.name);
  }
  return found;
}

std::vector<PciNic> read_nics(const FileTree& files) {
  constexpr std::uint64_t network_controller = 0x02;
  const std::string devices = "sys/bus/pci/devices/";
  std::vector<PciNic> nics;
  for (const std::string& address : files.names(devices))
    if (files.number(devices + address + "/class").value_or(0) >> 16 == network_controller)
      nics.push_back({.address = address,
                      .driver = target_of(files.path(devices + address + "/driver")).filename(),
                      .node = node_of_device(files, devices + address)});
  return nics;
}

void read_rights(const FileTree& files, NicFacts& facts) {
  std::uint64_t capabilities = 0;
  for (const auto& line : words_of(files, "proc/self/status"))
    if (line.size() > 1 && line[0] == "CapEff:") capabilities = hexadecimal(line[1]);
  const auto may = [&](unsigned capability) { return (capabilities >> capability & 1) != 0; };
  facts.may_read_frames = may(CAP_NET_RAW);
  // The root of a namespace of users loads no programs into the kernel.
  const auto users = words_of(files, "proc/self/uid_map");
  const bool root_of_all = users.size() == 1 && users[0].size() == 3 && users[0][0] == "0" &&
                           users[0][1] == "0" && users[0][2] == "4294967295";
  facts.may_load_xdp =
      root_of_all && may(CAP_NET_RAW) && may(CAP_NET_ADMIN) && (may(CAP_BPF) || may(CAP_SYS_ADMIN));
}

/// "librte_net_af_xdp.so" is "net_af_xdp". No folder: they are part of this program.
std::optional<std::set<std::string>> read_drivers(const FileTree& files,
                                                  const std::string& folder) {
  constexpr std::string_view prefix = "librte_";
  std::error_code error;
  if (!fs::exists(files.path(folder), error)) return std::nullopt;
  std::set<std::string> drivers;
  for (const std::string& file : files.names(folder)) {
    if (file.starts_with(prefix))
      drivers.insert(file.substr(prefix.size(), file.find(".so") - prefix.size()));
  }
  return drivers;
}

}  // namespace

fs::path driver_folder() { return RTE_EAL_PMD_PATH; }

std::optional<int> node_of(std::string_view device, const NicFacts& facts) {
  const DeviceName name = parse_device(device);
  std::string address = name.name;
  if (!name.pci) {
    const auto interface =
        std::ranges::find(facts.interfaces, name.argument("iface").value_or(""), &Interface::name);
    if (interface == facts.interfaces.end()) return std::nullopt;
    address = interface->pci;
  }
  const auto nic = std::ranges::find(facts.nics, address, &PciNic::address);
  return nic == facts.nics.end() ? std::nullopt : nic->node;
}

NicFacts read_nic_facts(const fs::path& root) {
  const FileTree files(root);
  NicFacts facts{.interfaces = read_interfaces(files),
                 .nics = read_nics(files),
                 .drivers = read_drivers(files, driver_folder().relative_path())};
  read_rights(files, facts);
  return facts;
}

}  // namespace muster::dpdk
