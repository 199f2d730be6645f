#include "tests/sim/garbage.h"

#include <algorithm>

#include "cluster/wire/layout.h"

namespace muster::sim {
namespace {

std::vector<std::byte> random_bytes(Dice& dice, std::size_t bytes_max) {
  std::vector<std::byte> bytes(dice.below(bytes_max + 1));
  std::ranges::generate(bytes, [&] { return static_cast<std::byte>(dice.next()); });
  return bytes;
}

}  // namespace

std::vector<std::byte> garbage(Dice& dice, std::span<const std::byte> real, std::size_t bytes_max) {
  std::vector<std::byte> bytes(real.begin(), real.end());
  if (bytes.size() < sizeof(wire::Header)) return random_bytes(dice, bytes_max);
  auto* header = reinterpret_cast<wire::Header*>(bytes.data());
  switch (dice.below(6)) {
    case 0:
      return random_bytes(dice, bytes_max);
    case 1:
      bytes.resize(dice.below(bytes.size()));
      break;
    case 2:
      bytes.resize(std::min<std::size_t>(bytes.size() + dice.between(1, 64), bytes_max));
      if (bytes.size() == real.size()) bytes.pop_back();
      break;
    case 3:
      header->cluster = header->cluster ^ (dice.next() | 1);
      break;
    case 4:
      header->version = header->oldest_version =
          static_cast<std::uint8_t>(wire::version + dice.between(1, 200));
      header->type = static_cast<std::uint8_t>(dice.between(1, UINT8_MAX));
      break;
    default:
      header->type = static_cast<std::uint8_t>(dice.between(wire::type_last + 1, UINT8_MAX));
      break;
  }
  return bytes;
}

}  // namespace muster::sim
