// Any bytes at all: parsed, and what parses is read to its end.
#include <algorithm>
#include <memory>

#include "tests/fuzz/require.h"
#include "tests/fuzz/walk.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  // A copy of exactly this size, so that a read past its end is a read past an allocation.
  const auto copy = std::make_unique<std::byte[]>(size);
  std::copy_n(reinterpret_cast<const std::byte*>(data), size, copy.get());
  const wire::Bytes bytes(copy.get(), size);

  wire::Parsed packet;
  const auto reject = wire::parse(bytes, cluster_id("simulated"), packet);
  if (!reject)
    fuzz::walk(packet);
  else if (*reject == wire::Reject::unsupported_version)
    fuzz::require(packet.header != nullptr, "the sender of another version is known");
  return 0;
}
