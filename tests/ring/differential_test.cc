// Our rings beside Boost's: the same random verbs, the same answers.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "ring/boost_ring.h"
#include "ring/mpsc_ring.h"
#include "ring/spsc_ring.h"

namespace muster::ring {
namespace {

using Word = std::uintptr_t;

/// Slots that were popped may be given back late, but never more than an eighth of the ring, and
/// no drained ring keeps any: that is the whole difference that a caller may see.
template <PointerRing Ring>
class Differential {
 public:
  Differential(std::size_t capacity, std::uint64_t seed)
      : ring_(capacity), oracle_(capacity), lag_max_(capacity / 8), random_(seed) {}

  void step() {
    const std::size_t burst = up_to(ring_.capacity() + 2);
    if (up_to(1) == 0) {
      push(burst);
    } else {
      pop(burst);
    }
    ASSERT_EQ(ring_.empty(), oracle_.empty());
  }

 private:
  std::size_t up_to(std::size_t max) {
    return std::uniform_int_distribution<std::size_t>(0, max)(random_);
  }

  void push(std::size_t burst) {
    std::vector<Word> in(burst);
    for (Word& element : in) element = random_() & ~Word{1};
    const std::size_t free = ring_.capacity() - held_;
    const std::size_t pushed =
        burst == 1 ? std::size_t{ring_.push(in[0])} : ring_.push(std::span<const Word>(in));
    ASSERT_LE(pushed, std::min(burst, free));
    ASSERT_GE(pushed + (drained_ ? 0 : lag_max_), std::min(burst, free));
    ASSERT_EQ(oracle_.push(std::span<const Word>(in).first(pushed)), pushed);
    held_ += pushed;
    drained_ = drained_ && pushed == 0;
  }

  void pop(std::size_t burst) {
    std::vector<Word> got(burst);
    std::vector<Word> expected(burst);
    got.resize(burst == 1 ? std::size_t{ring_.pop(got[0])} : ring_.pop(std::span<Word>(got)));
    expected.resize(oracle_.pop(std::span<Word>(expected)));
    ASSERT_EQ(got, expected);
    held_ -= got.size();
    drained_ = got.size() < burst;
  }

  Ring ring_;
  BoostRing<Word> oracle_;
  std::size_t lag_max_;
  std::size_t held_ = 0;
  bool drained_ = true;  ///< the last pop found the ring empty, and nothing was pushed since
  std::mt19937_64 random_;
};

template <class Ring>
class RingDifferential : public testing::Test {};
using Rings = testing::Types<SpscRing<Word>, MpscRing<Word>>;
TYPED_TEST_SUITE(RingDifferential, Rings);

TYPED_TEST(RingDifferential, AnswersAsBoostDoes) {
  for (const std::size_t capacity : {2U, 4U, 16U, 64U}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      SCOPED_TRACE(testing::Message() << "capacity " << capacity << ", seed " << seed);
      Differential<TypeParam> pair(capacity, seed);
      for (int i = 0; i < 1000; ++i) {
        pair.step();
        if (this->HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace muster::ring
