#include "node/duration.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace muster {
namespace {

struct Unit {
  std::string_view name;
  DurationNs ns;
};
constexpr std::array<Unit, 5> units{
    {{"min", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}}};
constexpr double longest_ns = 1.8e19;

}  // namespace

std::optional<DurationNs> parse_duration(std::string_view text) {
  double count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || !(count >= 0)) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (name != unit.name) continue;
    const double ns = count * static_cast<double>(unit.ns);
    if (!(ns < longest_ns)) return std::nullopt;
    return static_cast<DurationNs>(std::llround(ns));
  }
  return std::nullopt;
}

std::string duration_text(DurationNs duration) {
  for (const Unit& unit : units)
    if (duration >= unit.ns && duration % unit.ns == 0)
      return fmt::format("{}{}", duration / unit.ns, unit.name);
  return "0s";
}

}  // namespace muster
