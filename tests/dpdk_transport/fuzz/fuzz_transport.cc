// A member's transport with all that it does beside datagrams: frame after frame from the segment,
// in any order, with time between them, while its owner sends, keeps packets and looks at the link.
// What must hold then is in books.h, said.h and trial.cc.
//
// The input is two bytes that choose the member, and a run of records: a byte that says what to
// do, and what that needs.
#include <cstdint>

#include "tests/dpdk_transport/fuzz/trial.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  muster::fuzz::Input input(data, size);
  muster::dpdk::fuzz::Trial trial(input.take<std::uint16_t>());
  trial.run(input);
  return 0;
}
