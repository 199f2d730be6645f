// How a large hash table grows by one small piece at a time.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace muster {

/// Hash tables of which each has the hashes that begin with certain bits: one that is full is
/// divided in two, and the others stay as they are (extendible hashing: Fagin, Nievergelt,
/// Pippenger and Strong, 1979). Whoever divides a segment moves what of() no longer finds in it.
/// Not thread-safe.
template <class Segment>
class Segments {
 public:
  /// As many bits as may choose: hashes of which more are equal stay together.
  static constexpr unsigned bits_max = 16;

  template <class... Args>
  explicit Segments(Args&&... args) {
    parts_.push_back(std::make_unique<Part>(0U, Segment(std::forward<Args>(args)...)));
    places_.push_back(parts_.front().get());
  }

  Segment& of(std::uint32_t hash) { return part(hash).segment; }
  const Segment& of(std::uint32_t hash) const { return part(hash).segment; }

  bool divisible(std::uint32_t hash) const { return part(hash).bits < bits_max; }
  /// A new segment, made of `args`, takes over the upper half of the hashes of this one.
  template <class... Args>
  void divide(std::uint32_t hash, Args&&... args) {
    Part& lower = part(hash);
    if (lower.bits == bits()) look_at_one_bit_more();
    ++lower.bits;
    parts_.push_back(std::make_unique<Part>(lower.bits, Segment(std::forward<Args>(args)...)));
    const std::size_t half = std::size_t{1} << (bits() - lower.bits);
    const std::size_t first = place(hash) & ~(2 * half - 1);
    std::fill_n(places_.begin() + static_cast<std::ptrdiff_t>(first + half), half,
                parts_.back().get());
  }

 private:
  struct Part {
    Part(unsigned by, Segment made) : bits(by), segment(std::move(made)) {}
    unsigned bits;  ///< that all its hashes have in common
    Segment segment;
  };
  unsigned bits() const { return static_cast<unsigned>(std::countr_zero(places_.size())); }
  std::size_t place(std::uint32_t hash) const { return std::uint64_t{hash} >> shift_; }
  Part& part(std::uint32_t hash) const { return *places_[place(hash)]; }

  void look_at_one_bit_more() {
    std::vector<Part*> finer;
    finer.reserve(2 * places_.size());
    for (Part* part : places_) finer.insert(finer.end(), 2, part);
    places_ = std::move(finer);
    --shift_;
  }

  std::vector<std::unique_ptr<Part>> parts_;
  std::vector<Part*> places_;  ///< by the first bits of a hash
  unsigned shift_ = 32;        ///< leaves these bits
};

}  // namespace muster
