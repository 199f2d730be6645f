// What every ring of this floor must do, seen from one thread.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "ring/boost_ring.h"
#include "ring/mpsc_ring.h"
#include "ring/pointer_ring.h"
#include "ring/spsc_ring.h"

namespace muster::ring {
namespace {

using Word = std::uintptr_t;

static_assert(PointerRing<SpscRing<Word>>);
static_assert(PointerRing<MpscRing<Word>>);
static_assert(PointerRing<BoostRing<Word>>);
static_assert(PointerRing<SpscRing<int*>>);

template <PointerRing Ring>
class RingVerbs : public testing::Test {
 protected:
  static constexpr std::size_t capacity = 16;

  /// `count` distinct elements, bit 0 clear.
  std::vector<Word> elements(std::size_t count) {
    std::vector<Word> made(count);
    for (Word& element : made) element = next_ += 2;
    return made;
  }
  std::vector<Word> pop_up_to(std::size_t count) {
    std::vector<Word> popped(count);
    popped.resize(ring_.pop(std::span<Word>(popped)));
    return popped;
  }

  Ring ring_{capacity};
  Word next_ = 0;
};

using Rings = testing::Types<SpscRing<Word>, MpscRing<Word>, BoostRing<Word>>;
TYPED_TEST_SUITE(RingVerbs, Rings);

TYPED_TEST(RingVerbs, ANewRingIsEmpty) {
  EXPECT_EQ(this->ring_.capacity(), this->capacity);
  EXPECT_TRUE(this->ring_.empty());
  EXPECT_TRUE(this->pop_up_to(4).empty());
}

TYPED_TEST(RingVerbs, AnEmptyPopLeavesTheElementAlone) {
  Word element = 42;
  EXPECT_FALSE(this->ring_.pop(element));
  EXPECT_EQ(element, 42U);
}

TYPED_TEST(RingVerbs, HoldsExactlyItsCapacity) {
  const auto in = this->elements(this->capacity);
  for (const Word element : in) EXPECT_TRUE(this->ring_.push(element));
  EXPECT_FALSE(this->ring_.push(Word{2}));
  EXPECT_EQ(this->pop_up_to(this->capacity + 1), in);
  EXPECT_TRUE(this->ring_.empty());
}

TYPED_TEST(RingVerbs, ABurstThatDoesNotFitIsTakenFromItsFront) {
  const auto in = this->elements(this->capacity + 5);
  EXPECT_EQ(this->ring_.push(std::span<const Word>(in)), this->capacity);
  EXPECT_EQ(this->ring_.push(std::span<const Word>(in)), 0U);
  const std::vector<Word> front(in.begin(), in.begin() + this->capacity);
  EXPECT_EQ(this->pop_up_to(in.size()), front);
}

TYPED_TEST(RingVerbs, AnEmptyBurstIsNothing) {
  EXPECT_EQ(this->ring_.push(std::span<const Word>()), 0U);
  EXPECT_TRUE(this->ring_.empty());
  this->ring_.push(Word{2});
  EXPECT_EQ(this->ring_.pop(std::span<Word>()), 0U);
  EXPECT_FALSE(this->ring_.empty());
}

TYPED_TEST(RingVerbs, BurstsStraddleTheEnd) {
  // 7 does not divide 16, so the bursts begin at every slot in turn.
  for (std::size_t lap = 0; lap < 3 * this->capacity; ++lap) {
    const auto in = this->elements(7);
    ASSERT_EQ(this->ring_.push(std::span<const Word>(in)), in.size());
    ASSERT_EQ(this->pop_up_to(in.size()), in);
  }
}

TYPED_TEST(RingVerbs, FillsAndDrainsLapAfterLap) {
  for (int lap = 0; lap < 10; ++lap) {
    const auto in = this->elements(this->capacity);
    ASSERT_EQ(this->ring_.push(std::span<const Word>(in)), in.size());
    ASSERT_EQ(this->pop_up_to(in.size() + 1), in);
  }
}

TYPED_TEST(RingVerbs, CarriesEveryBitButTheRingsOwn) {
  for (const Word element : {Word{0}, Word{2}, Word{4}, Word{6}, ~Word{1}, Word{1} << 63}) {
    ASSERT_TRUE(this->ring_.push(element));
    Word popped = 1;
    ASSERT_TRUE(this->ring_.pop(popped));
    EXPECT_EQ(popped, element);
  }
}

TYPED_TEST(RingVerbs, HasRoomAgainOnceAnEighthIsPopped) {
  const auto in = this->elements(this->capacity);
  this->ring_.push(std::span<const Word>(in));
  this->pop_up_to(this->capacity / 8);
  EXPECT_EQ(this->ring_.push(std::span<const Word>(in)), this->capacity / 8);
}

TEST(Ring, TheSmallestIsExact) {
  SpscRing<Word> ring(capacity_min);
  for (Word element = 2; element < 100; element += 4) {
    ASSERT_TRUE(ring.push(element));
    ASSERT_TRUE(ring.push(element + 2));
    ASSERT_FALSE(ring.push(Word{8}));
    Word popped = 0;
    ASSERT_TRUE(ring.pop(popped));
    ASSERT_EQ(popped, element);
    ASSERT_TRUE(ring.push(Word{8}));
    ASSERT_TRUE(ring.pop(popped));
    ASSERT_EQ(popped, element + 2);
    ASSERT_TRUE(ring.pop(popped));
  }
}

TEST(Ring, RefusesACapacityThatIsNoPowerOfTwo) {
  for (const std::size_t capacity :
       {std::size_t{0}, std::size_t{1}, std::size_t{48}, capacity_max + 1, capacity_max * 2}) {
    EXPECT_THROW(SpscRing<Word>{capacity}, std::invalid_argument) << capacity;
    EXPECT_THROW(MpscRing<Word>{capacity}, std::invalid_argument) << capacity;
  }
}

TEST(Ring, SaysWhichCapacitiesThereAre) {
  try {
    const SpscRing<Word> ring(48);
    FAIL() << "48 is no power of two";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "a ring cannot hold 48 elements: choose a power of two from 2 to 16777216");
  }
}

TEST(Ring, CarriesPointers) {
  std::array<int, 3> targets{1, 2, 3};
  const std::array<int*, 3> in{&targets[0], &targets[1], nullptr};
  SpscRing<int*> ring(4);
  ASSERT_EQ(ring.push(std::span<int* const>(in)), in.size());
  std::array<int*, 3> out{};
  ASSERT_EQ(ring.pop(std::span<int*>(out)), out.size());
  EXPECT_EQ(out, in);
}

}  // namespace
}  // namespace muster::ring
