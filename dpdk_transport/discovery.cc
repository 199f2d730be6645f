#include "dpdk_transport/discovery.h"

#include <optional>

#include "dpdk_transport/icmpv6_frame.h"

namespace muster::dpdk {

namespace {

struct NeighbourAndOption {
  NeighbourMessage message;
  LinkAddressOption option;
};

struct Receiver {
  IpAddress address;
  MacAddress mac;
};

void write(std::span<std::byte> frame, const Station& self, const Receiver& to, std::uint8_t type,
           std::uint32_t flags, const IpAddress& target) {
  const bool solicits = type == icmpv6_neighbour_solicitation;
  write_icmpv6(
      frame, {.source = self, .destination = {to.address, to.mac}, .hops = neighbour_hops},
      NeighbourAndOption{.message = {.icmp = {.type = type, .code = 0, .checksum = 0},
                                     .flags = flags,
                                     .target = target.bytes()},
                         .option = {.type = solicits ? source_link_address : target_link_address,
                                    .units = 1,
                                    .mac = self.mac}});
}

/// Finds the Ethernet address that an option of this type names, if one does; false where options
/// do not add up.
bool read_link_address(std::span<const std::byte> options, std::uint8_t type,
                       std::optional<MacAddress>& mac) {
  while (!options.empty()) {
    if (options.size() < sizeof(LinkAddressOption)) return false;
    const auto& option = header_at<LinkAddressOption>(options, 0);
    const std::size_t bytes = option.units * sizeof(LinkAddressOption);
    if (bytes == 0 || bytes > options.size()) return false;
    if (option.type == type && option.units == 1) mac = option.mac;
    options = options.subspan(bytes);
  }
  return true;
}

}  // namespace

void write_solicitation(std::span<std::byte> frame, const Station& self, const IpAddress& address) {
  const IpAddress group = solicited_node_group(address);
  write(frame, self, {group, multicast_mac(group)}, icmpv6_neighbour_solicitation, 0, address);
}

void write_discovery_announcement(std::span<std::byte> frame, const Station& self) {
  write(frame, self, {all_nodes_group, multicast_mac(all_nodes_group)},
        icmpv6_neighbour_advertisement, neighbour_override, self.address);
}

void write_advertisement(std::span<std::byte> frame, const Station& self, const Station& asker) {
  write(frame, self, {asker.address, asker.mac}, icmpv6_neighbour_advertisement,
        neighbour_solicited | neighbour_override, self.address);
}

NeighbourNews read_discovery(std::span<const std::byte> frame, const Classified& found,
                             const Station& self) {
  const auto body = frame.subspan(found.offset, found.bytes);
  const auto& message = header_at<NeighbourMessage>(body, 0);
  const bool solicits = message.icmp.type == icmpv6_neighbour_solicitation;
  const IpAddress target(message.target);
  std::optional<MacAddress> mac;
  if (!read_link_address(body.subspan(sizeof(NeighbourMessage)),
                         solicits ? source_link_address : target_link_address, mac))
    return {};
  // Whoever makes sure that nobody has an address asks for it without having one (RFC 4862, 5.4.3).
  if (solicits && found.source.address.is_unspecified())
    return {.for_us = target == self.address, .conflict = target == self.address};
  // Whoever asks whether we are still there need not say where he is.
  if (solicits && !mac) mac = header_at<EthernetHeader>(frame, 0).source;
  if (!mac) return {};
  const Station sender{.address = solicits ? found.source.address : target, .mac = *mac};
  if (!is_station(sender) || sender.address.is_v4()) return {};
  return {.valid = true,
          .for_us = solicits && target == self.address && sender.address != self.address,
          .conflict = sender.address == self.address && sender.mac != self.mac,
          .answer = !solicits,
          .asks_others = solicits && target != self.address,
          .sender = sender};
}

}  // namespace muster::dpdk
