// Any bytes from the wire: classified, answered where they ask for an answer, never read outside.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "dpdk_transport/arp.h"
#include "dpdk_transport/discovery.h"
#include "dpdk_transport/echo.h"
#include "dpdk_transport/vlan.h"
#include "tests/dpdk_transport/golden6.h"

namespace muster::dpdk {
namespace {

void answer(const std::vector<std::byte>& frame, const Classified& found,
            const LocalAddresses& local, const Station& self) {
  std::vector<std::byte> answer = frame;
  switch (found.kind) {
    case FrameKind::echo_request:
      make_echo_reply(answer, found, self);
      if (classify(answer, local, {}).kind == FrameKind::bad_checksum) std::abort();
      break;
    case FrameKind::arp:
      if (read_arp(frame, self).for_us) make_arp_reply(answer, self);
      break;
    case FrameKind::neighbour:
      if (read_discovery(frame, found, self).valid !=
          is_station(read_discovery(frame, found, self).sender))
        std::abort();
      break;
    default:
      break;
  }
}

/// As a frame is taken in, without its first tag; the tag could be put on again.
std::vector<std::byte> untagged_frame(std::vector<std::byte> frame) {
  const std::vector<std::byte> model = frame;
  const auto vlan = take_tag_off(frame);
  if (!vlan) return frame;
  if (!is_tagged(model)) std::abort();
  const std::vector<std::byte> rest(frame.begin() + sizeof(VlanTag), frame.end());
  put_tag_on(frame, *vlan);
  if (take_tag_off(frame) != vlan) std::abort();
  if (!std::equal(rest.begin(), rest.end(), frame.begin() + sizeof(VlanTag))) std::abort();
  return rest;
}

}  // namespace
}  // namespace muster::dpdk

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::dpdk;
  const auto* first = reinterpret_cast<const std::byte*>(data);
  // Of its exact size, so that ASan sees its end.
  const std::vector<std::byte> frame = untagged_frame({first, first + size});
  // Behind a checksum that is right by luck only, hardly any input would get far.
  for (const bool verified : {false, true}) {
    for (const bool v4 : {true, false}) {
      const LocalAddresses& local = v4 ? golden::at_self : golden6::at_self;
      const Classified found = classify(frame, local, {.ip = verified, .udp = verified});
      if (static_cast<std::size_t>(found.offset) + found.bytes > frame.size()) std::abort();
      answer(frame, found, local, v4 ? golden::self : golden6::self);
    }
  }
  return 0;
}
