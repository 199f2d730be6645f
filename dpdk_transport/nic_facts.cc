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

namespace muster::dpdk {

namespace {

namespace fs = std::filesystem;

/// Empty where there is no such file.
std::string content_of(const fs::path& file) {
  std::ifstream stream(file);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

/// "0x1003", "1500"; 0 where there is no number.
std::uint64_t number_of(std::string_view text, int base = 10) {
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
    base = 16;
  }
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

std::uint64_t number_in(const fs::path& file) { return number_of(content_of(file)); }

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder, error)) entries.push_back(entry.path());
  std::ranges::sort(entries);
  return entries;
}

std::string driver_of(const fs::path& device) {
  std::error_code error;
  return fs::read_symlink(device / "driver", error).filename();
}

/// The device itself, or the one it stands on: a virtio_net stands on its PCI device.
std::string pci_address_of(const fs::path& device) {
  std::error_code error;
  for (fs::path at = fs::canonical(device, error); at.has_relative_path(); at = at.parent_path())
    if (is_pci_address(at.filename().string())) return at.filename();
  return "";
}

Interface read_interface(const fs::path& folder) {
  const auto queues = std::ranges::count_if(entries_of(folder / "queues"), [](const fs::path& of) {
    return of.filename().string().starts_with("rx-");
  });
  return {.name = folder.filename(),
          .index = static_cast<unsigned>(number_in(folder / "ifindex")),
          .mac = parse_mac(content_of(folder / "address")).value_or(MacAddress{}),
          .pci = pci_address_of(folder / "device"),
          .driver = driver_of(folder / "device"),
          .up = (number_in(folder / "flags") & IFF_UP) != 0,
          .mtu = static_cast<std::uint32_t>(number_in(folder / "mtu")),
          .receive_queues = static_cast<std::uint32_t>(std::max<std::ptrdiff_t>(queues, 1))};
}

std::vector<std::vector<std::string>> words_of(const fs::path& file) {
  std::vector<std::vector<std::string>> lines;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    lines.emplace_back(std::istream_iterator<std::string>(words),
                       std::istream_iterator<std::string>());
  }
  return lines;
}

/// The interfaces that a default route names, of IPv4 or of IPv6.
std::set<std::string> default_routes(const fs::path& root) {
  std::set<std::string> names;
  for (const auto& route : words_of(root / "proc/net/route"))
    if (route.size() > 7 && route[1] == "00000000" && route[7] == "00000000" &&
        (number_of(route[3], 16) & RTF_UP) != 0)
      names.insert(route[0]);
  for (const auto& route : words_of(root / "proc/net/ipv6_route"))
    if (route.size() > 9 && route[1] == "00" && (number_of(route[8], 16) & RTF_UP) != 0 &&
        (number_of(route[8], 16) & RTF_REJECT) == 0)
      names.insert(route[9]);
  return names;
}

/// A bridge, a bond or a VLAN stands on others: what goes over it goes over those.
void add_lower(const fs::path& interfaces, const std::string& name, std::set<std::string>& names) {
  constexpr std::string_view prefix = "lower_";
  for (const fs::path& entry : entries_of(interfaces / name)) {
    const std::string file = entry.filename();
    if (!file.starts_with(prefix)) continue;
    const std::string lower = file.substr(prefix.size());
    if (names.insert(lower).second) add_lower(interfaces, lower, names);
  }
}

std::vector<Interface> read_interfaces(const fs::path& root) {
  const fs::path folder = root / "sys/class/net";
  const std::set<std::string> named = default_routes(root);
  std::set<std::string> carrying = named;
  for (const std::string& name : named) add_lower(folder, name, carrying);
  std::vector<Interface> interfaces;
  for (const fs::path& entry : entries_of(folder)) {
    if (number_in(entry / "type") != ARPHRD_ETHER) continue;
    Interface& interface = interfaces.emplace_back(read_interface(entry));
    interface.default_route = carrying.contains(interface.name);
  }
  return interfaces;
}

std::vector<PciNic> read_nics(const fs::path& root) {
  constexpr std::uint64_t network_controller = 0x02;
  std::vector<PciNic> nics;
  for (const fs::path& device : entries_of(root / "sys/bus/pci/devices"))
    if (number_in(device / "class") >> 16 == network_controller)
      nics.push_back({.address = device.filename(), .driver = driver_of(device)});
  return nics;
}

void read_rights(const fs::path& root, NicFacts& facts) {
  std::uint64_t capabilities = 0;
  for (const auto& line : words_of(root / "proc/self/status"))
    if (line.size() > 1 && line[0] == "CapEff:") capabilities = number_of(line[1], 16);
  const auto may = [&](unsigned capability) { return (capabilities >> capability & 1) != 0; };
  facts.may_read_frames = may(CAP_NET_RAW);
  // The root of a namespace of users loads no programs into the kernel.
  const auto users = words_of(root / "proc/self/uid_map");
  const bool root_of_all = users.size() == 1 && users[0].size() == 3 && users[0][0] == "0" &&
                           users[0][1] == "0" && users[0][2] == "4294967295";
  facts.may_load_xdp =
      root_of_all && may(CAP_NET_RAW) && may(CAP_NET_ADMIN) && (may(CAP_BPF) || may(CAP_SYS_ADMIN));
}

/// "librte_net_af_xdp.so" is "net_af_xdp". No folder: they are part of this program.
std::optional<std::set<std::string>> read_drivers(const fs::path& folder) {
  constexpr std::string_view prefix = "librte_";
  std::error_code error;
  if (!fs::exists(folder, error)) return std::nullopt;
  std::set<std::string> drivers;
  for (const fs::path& entry : entries_of(folder)) {
    const std::string file = entry.filename();
    if (file.starts_with(prefix))
      drivers.insert(file.substr(prefix.size(), file.find(".so") - prefix.size()));
  }
  return drivers;
}

}  // namespace

fs::path driver_folder() { return RTE_EAL_PMD_PATH; }

NicFacts read_nic_facts(const fs::path& root) {
  NicFacts facts{.interfaces = read_interfaces(root),
                 .nics = read_nics(root),
                 .drivers = read_drivers(root / driver_folder().relative_path())};
  read_rights(root, facts);
  return facts;
}

}  // namespace muster::dpdk
