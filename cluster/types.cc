#include "cluster/types.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace muster {

MemberId member_id(std::string_view name) {
  return MemberId{XXH3_64bits(name.data(), name.size())};
}

std::uint64_t cluster_id(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

std::string to_string(const Endpoint& endpoint) {
  const std::string address = to_string(endpoint.address);
  return endpoint.address.is_v4() ? fmt::format("{}:{}", address, endpoint.port)
                                  : fmt::format("[{}]:{}", address, endpoint.port);
}

}  // namespace muster
