#include "cluster/types.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace muster {

MemberId member_id(std::string_view name) {
  return MemberId{XXH3_64bits(name.data(), name.size())};
}

std::uint64_t cluster_id(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

std::string to_string(const Endpoint& endpoint) {
  const std::uint32_t a = endpoint.address;
  return fmt::format("{}.{}.{}.{}:{}", a >> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff,
                     endpoint.port);
}

}  // namespace muster
