// What happened, as a number that two runs can compare, and as text when somebody wants to read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "cluster/types.h"

namespace muster::sim {

class Trace {
 public:
  /// `text`: nullptr, or where the readable trace goes.
  explicit Trace(std::FILE* text = nullptr) : text_(text) {}

  /// Everything that the world does passes through here.
  void note(TimeNs at, std::uint64_t what, std::uint64_t server,
            std::span<const std::byte> bytes = {}) {
    const std::uint64_t head[] = {hash_, at, what, server};
    hash_ = XXH3_64bits_withSeed(bytes.data(), bytes.size(), XXH3_64bits(head, sizeof head));
  }
  std::uint64_t hash() const { return hash_; }

  /// A line for the reader: the virtual time in milliseconds, the server's number, the sentence.
  template <class... Args>
  void say(TimeNs at, std::size_t server, fmt::format_string<Args...> format, Args&&... args) {
    if (text_ == nullptr) return;
    fmt::print(text_, "{:12.6f} m{} {}\n", static_cast<double>(at) / 1e6, server,
               fmt::format(format, std::forward<Args>(args)...));
  }
  bool readable() const { return text_ != nullptr; }

 private:
  std::uint64_t hash_ = 0;
  std::FILE* text_;
};

}  // namespace muster::sim
