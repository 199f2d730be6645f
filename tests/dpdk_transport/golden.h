// Whole frames as a packet analyser confirms them, addresses and checksums included. 10.77.0.1 is
// ours, 10.77.0.2 the neighbour's, 239.77.0.1 the group's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "dpdk_transport/arp.h"
#include "dpdk_transport/classify.h"

namespace muster::dpdk::golden {

using Bytes = std::vector<std::byte>;

inline Bytes hex(std::string_view digits) {
  const auto value = [](char digit) {
    return static_cast<unsigned>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(value(digits[i]) << 4 | value(digits[i + 1])));
  return bytes;
}

inline const Station self{.address = 0x0a4d0001, .mac = {0x02, 0x6d, 0x0a, 0x4d, 0x00, 0x01}};
inline const Station neighbour{.address = 0x0a4d0002, .mac = {0x02, 0x6d, 0x0a, 0x4d, 0x00, 0x02}};
inline constexpr Endpoint self_endpoint{0x0a4d0001, 7777};
inline constexpr Endpoint neighbour_endpoint{0x0a4d0002, 7778};
inline constexpr Endpoint group{0xef4d0001, 7777};
/// As the neighbour, whom `unicast` and `multicast` reach, sees himself.
inline constexpr LocalAddresses at_neighbour{.self = neighbour_endpoint, .group = group};
inline constexpr LocalAddresses at_self{.self = self_endpoint, .group = group};

/// From us to 10.77.0.2:7778: "muster".
inline const Bytes unicast =
    hex("026d0a4d0002026d0a4d00010800"
        "45000022000040004011262f0a4d00010a4d0002"
        "1e611e62000e68166d7573746572");
/// The same in VLAN 7.
inline const Bytes unicast_in_7 =
    hex("026d0a4d0002026d0a4d0001810000070800"
        "45000022000040004011262f0a4d00010a4d0002"
        "1e611e62000e68166d7573746572");
/// From us to the group: "odd".
inline const Bytes multicast =
    hex("01005e4d0001026d0a4d00010800"
        "4500001f00004000011180320a4d0001ef4d0001"
        "1e611e61000bf6146f6464");
inline const Bytes echo_request =
    hex("026d0a4d0001026d0a4d00020800"
        "4500001f000700002101853b0a4d00020a4d0001"
        "0800339a00010002616263");
inline const Bytes echo_reply =
    hex("026d0a4d0002026d0a4d00010800"
        "4500001f000700004001663b0a4d00010a4d0002"
        "00003b9a00010002616263");
inline const Bytes arp_request =
    hex("ffffffffffff026d0a4d00020806"
        "0001080006040001026d0a4d00020a4d00020000000000000a4d0001");
inline const Bytes arp_reply =
    hex("026d0a4d0002026d0a4d00010806"
        "0001080006040002026d0a4d00010a4d0001026d0a4d00020a4d0002");
inline const Bytes group_report =
    hex("01005e4d0001026d0a4d00010800"
        "46c00020000040000102ea7b0a4d0001ef4d000194040000"
        "1600fab0ef4d0001");
inline const Bytes group_leave =
    hex("01005e000002026d0a4d00010800"
        "46c00020000040000102f9c70a4d0001e000000294040000"
        "1700f9b0ef4d0001");
/// In version 3: of who comes, who is there and who goes.
inline Bytes group_report_3(const char* checksum_and_record) {
  return hex(std::string("01005e000016026d0a4d00010800"
                         "46c00028000040000102f9ab0a4d0001e000001694040000"
                         "2200") +
             checksum_and_record + "000000ef4d0001");
}
inline const Bytes group_join_3 = group_report_3("eaaf0000000104");
inline const Bytes group_present_3 = group_report_3("ecaf0000000102");
inline const Bytes group_leave_3 = group_report_3("ebaf0000000103");
inline const Bytes group_query_3 =
    hex("01005e000001026d0a4d00090800"
        "46c00024000040000102f9bc0a4d0009e000000194040000"
        "1164ec1e00000000027d0000");
inline const Bytes group_query =
    hex("01005e000001026d0a4d00090800"
        "46c00020000040000102f9c00a4d0009e000000194040000"
        "1164ee9b00000000");

/// `frame` with a tag; `control` is the VLAN and a priority.
inline Bytes tagged(Bytes frame, std::uint16_t control, std::uint16_t protocol = ether_type_vlan) {
  const VlanTag tag{.protocol = protocol, .control = control};
  const auto bytes = std::as_bytes(std::span(&tag, 1));
  frame.insert(frame.begin() + 12, bytes.begin(), bytes.end());
  return frame;
}

/// In front of a datagram's payload.
struct Headers {
  EthernetHeader ethernet;
  Ipv4Header ip;
  UdpHeader udp;
};
inline constexpr std::size_t headers_bytes = sizeof(Headers);

/// Bytes of `frame`'s payload, for building frames.
inline Bytes payload(std::span<const std::byte> frame) {
  return {frame.begin() + headers_bytes, frame.end()};
}

}  // namespace muster::dpdk::golden
