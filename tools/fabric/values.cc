#include "tools/fabric/values.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "tools/errors.h"
#include "tools/fabric/control_request.h"

namespace muster::fabric {
namespace {

struct Quantity {
  double number;
  std::string_view unit;
};

std::optional<Quantity> split(const std::string& text) {
  Quantity quantity{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, quantity.number);
  if (error != std::errc() || !(quantity.number >= 0)) return std::nullopt;
  quantity.unit = std::string_view(stop, static_cast<std::size_t>(end - stop));
  return quantity;
}

}  // namespace

double parse_probability(std::string_view name, const std::string& text) {
  const auto quantity = split(text);
  if (quantity && (quantity->unit.empty() || quantity->unit == "%")) {
    const double value = quantity->unit.empty() ? quantity->number : quantity->number / 100;
    if (value <= probability_max) return value;
  }
  throw UsageError(
      fmt::format("{} {}: a probability is a number from 0 to 1, or from 0% to 100%", name, text));
}

DurationNs parse_delay(std::string_view name, const std::string& text) {
  constexpr std::array<std::pair<std::string_view, double>, 5> units = {
      {{"", 1}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}};
  if (const auto quantity = split(text))
    for (const auto& [unit, unit_ns] : units)
      if (unit == quantity->unit && quantity->number * unit_ns <= delay_ns_max)
        return static_cast<DurationNs>(quantity->number * unit_ns);
  throw UsageError(
      fmt::format("{} {}: a delay is a number with ns, us, ms or s, of at most 60s, such as 1.5ms",
                  name, text));
}

}  // namespace muster::fabric
