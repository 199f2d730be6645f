// What the numbers and the lengths of time in a configuration may be: one table, for
// configurations from code and from files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace muster {

struct Range {
  enum class Kind : std::uint8_t { number, power_of_two, duration };

  std::string_view field;
  Kind kind;
  std::uint64_t min;
  std::uint64_t max;

  bool holds(std::uint64_t value) const;
  /// "is 70000: give a number from 1 to 65535"; `value` as the user wrote it.
  std::string refuse(std::string_view value) const;
};

/// Requires that there is one for `field`.
const Range& range_of(std::string_view field);

}  // namespace muster
