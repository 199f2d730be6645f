#include "dpdk_transport/capabilities.h"

#include <string_view>

#include <fmt/format.h>

namespace muster::dpdk {

namespace {

std::string_view missing(bool ip, bool udp) {
  if (!ip && !udp) return "IPv4 and UDP";
  return ip ? "UDP" : "IPv4";
}

std::string_view word(GroupFilter filter) {
  switch (filter) {
    case GroupFilter::list:
      break;
    case GroupFilter::all_groups:
      return "all groups";
    case GroupFilter::all_frames:
      return "all frames";
    case GroupFilter::none:
      return "none";
  }
  return "";
}

}  // namespace

std::vector<std::string> what_is_lowered(const Capabilities& granted, const Wishes& wished) {
  std::vector<std::string> lowered;
  const Offloads& offloads = granted.offloads;
  if (!offloads.tx_ip_checksum || !offloads.tx_udp_checksum)
    lowered.push_back(fmt::format("checksums to send: {} in software",
                                  missing(offloads.tx_ip_checksum, offloads.tx_udp_checksum)));
  if (!offloads.rx_ip_checksum || !offloads.rx_udp_checksum)
    lowered.push_back(fmt::format("checksums received: {} in software",
                                  missing(offloads.rx_ip_checksum, offloads.rx_udp_checksum)));
  if (wished.tx_pieces && !offloads.tx_pieces)
    lowered.emplace_back("multi-segment to send: none, long messages are copied into packets");
  if (granted.queues < wished.queues)
    lowered.push_back(fmt::format("queues: {}, not {}", granted.queues, wished.queues));
  if (!granted.spreads) lowered.emplace_back("RSS: none, the port fills its queues as it likes");
  if (wished.receive_interrupts && !granted.receive_interrupts)
    lowered.emplace_back("receive interrupts: none, its queue has to be polled");
  if (granted.rx_descriptors < wished.rx_descriptors)
    lowered.push_back(fmt::format("receive queue: {} frames, not {}", granted.rx_descriptors,
                                  wished.rx_descriptors));
  if (granted.tx_descriptors < wished.tx_descriptors)
    lowered.push_back(fmt::format("send queue: {} frames, not {}", granted.tx_descriptors,
                                  wished.tx_descriptors));
  if (granted.pieces)
    lowered.emplace_back("long frames received: they may come in pieces, joined in software");
  if (granted.groups != GroupFilter::list)
    lowered.push_back(
        fmt::format("multicast filter: {}, the rest in software", word(granted.groups)));
  if (!granted.near_memory && wished.node)
    lowered.push_back(
        fmt::format("packet memory: on any node, as node {} has none for it", *wished.node));
  if (!granted.vlan_filter) lowered.emplace_back("VLAN filter: in software");
  return lowered;
}

}  // namespace muster::dpdk
