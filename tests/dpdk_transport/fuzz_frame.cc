// Any bytes from the wire: classified, answered where they ask for an answer, never read outside.
#include <cstdlib>
#include <vector>

#include "dpdk_transport/arp.h"
#include "dpdk_transport/control_frames.h"
#include "tests/dpdk_transport/golden.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::dpdk;
  const auto* first = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> frame(first,
                               first + size);  // of its exact size, so that ASan sees its end
  // Behind a checksum that is right by luck only, hardly any input would get far.
  for (const bool verified : {false, true}) {
    const Classified found = classify(frame, golden::at_self, {.ip = verified, .udp = verified});
    if (static_cast<std::size_t>(found.offset) + found.bytes > frame.size()) std::abort();
    if (found.kind == FrameKind::echo_request) {
      std::vector<std::byte> answer = frame;
      make_echo_reply(answer, found, golden::self);
      if (classify(answer, golden::at_self, {}).kind == FrameKind::bad_checksum) std::abort();
    }
    if (found.kind == FrameKind::arp && read_arp(frame, golden::self).for_us) {
      std::vector<std::byte> answer = frame;
      make_arp_reply(answer, golden::self);
    }
  }
  return 0;
}
