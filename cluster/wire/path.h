// What a name in the directory looks like: "/shop/payments/eu-1".
#pragma once

#include <cstddef>
#include <string_view>

namespace muster::wire {

inline constexpr std::size_t path_bytes_max = 255;
inline constexpr std::size_t value_bytes_max = 64 << 10;

/// A path is one or more segments, each a '/' and then bytes other than '/' and control
/// characters; at most path_bytes_max in all.
constexpr bool valid_path(std::string_view path) {
  if (path.empty() || path.size() > path_bytes_max || path.front() != '/') return false;
  char before = 0;
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || (c == '/' && before == '/'))
      return false;
    before = c;
  }
  return before != '/';
}

}  // namespace muster::wire
