// One bit for each sequence of a window that moves on.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cluster/messaging/sequence.h"

namespace muster {

/// Only the bits of `window` sequences in a row may be set at any time: whoever moves on clears
/// what it leaves behind. Allocates in the constructor only.
class SequenceBits {
 public:
  static constexpr Sequence word_bits = 64;

  /// One word more than the window, so that a word that begins in it never reaches round to it.
  explicit SequenceBits(std::size_t window) : words_(std::bit_ceil(window / word_bits + 2)) {}

  bool test(Sequence at) const { return (word_of(at) >> (at % word_bits) & 1) != 0; }
  void set(Sequence at) { word_of(at) |= std::uint64_t{1} << (at % word_bits); }
  void reset(Sequence at) { word_of(at) &= ~(std::uint64_t{1} << (at % word_bits)); }

  /// Bit i speaks of first + i.
  std::uint64_t from(Sequence first) const {
    const auto shift = static_cast<unsigned>(first % word_bits);
    const std::uint64_t low = word_of(first) >> shift;
    return shift == 0 ? low : low | word_of(first + word_bits) << (word_bits - shift);
  }
  /// The first that is set in [first, end); `end` if none is.
  Sequence find(Sequence first, Sequence end) const {
    for (; first < end; first += word_bits) {
      if (const std::uint64_t bits = from(first); bits != 0)
        return std::min(first + std::countr_zero(bits), end);
    }
    return end;
  }

 private:
  std::size_t index(Sequence at) const {
    return static_cast<std::size_t>(at / word_bits) & (words_.size() - 1);
  }
  std::uint64_t& word_of(Sequence at) { return words_[index(at)]; }
  const std::uint64_t& word_of(Sequence at) const { return words_[index(at)]; }

  std::vector<std::uint64_t> words_;
};

}  // namespace muster
