// Hash tables that grow a piece at a time: whatever they hold, one more name costs little (I12).
#include <algorithm>
#include <map>
#include <memory_resource>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>

#include "cluster/directory/name.h"
#include "cluster/directory/name_table.h"
#include "cluster/directory/path_map.h"
#include "cluster/random.h"

namespace muster {
namespace {

std::string path_of(std::size_t number) { return "/n/" + std::to_string(number); }

TEST(Segments, AreFoundByTheFirstBitsOfAHash) {
  Segments<std::vector<std::uint32_t>> segments;
  const auto add = [&](std::uint32_t hash) {
    constexpr std::size_t full = 3;
    while (segments.of(hash).size() >= full && segments.divisible(hash)) {
      auto& lower = segments.of(hash);
      segments.divide(hash);
      for (const std::uint32_t each : std::exchange(lower, {})) segments.of(each).push_back(each);
    }
    segments.of(hash).push_back(hash);
  };
  Random random(3);
  std::vector<std::uint32_t> hashes{0, 1, UINT32_MAX, 1U << 31};
  for (int i = 0; i < 5000; ++i) hashes.push_back(static_cast<std::uint32_t>(random.next()));
  for (int i = 0; i < 10; ++i) hashes.push_back(0x12345678);  // no division tells these apart
  for (const std::uint32_t hash : hashes) add(hash);
  for (const std::uint32_t hash : hashes) {
    const auto& segment = segments.of(hash);
    ASSERT_NE(std::ranges::find(segment, hash), segment.end());
  }
  EXPECT_FALSE(segments.divisible(0x12345678));
  EXPECT_LE(segments.of(0).size(), 3U) << "the others stayed small";
}

/// Counts the largest piece that it is asked for.
class Largest final : public std::pmr::memory_resource {
 public:
  std::size_t bytes = 0;

 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    bytes = std::max(bytes, size);
    return std::pmr::new_delete_resource()->allocate(size, alignment);
  }
  void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override {
    std::pmr::new_delete_resource()->deallocate(memory, size, alignment);
  }
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }
};

TEST(NameTable, MovesOneSegmentAtMostAndFindsEachName) {
  constexpr std::size_t names = 200'000;
  std::pmr::memory_resource& memory = *std::pmr::new_delete_resource();
  Largest largest;
  std::vector<Name*> all;
  {
    NameTable table(largest);
    for (std::size_t number = 0; number < names; ++number) {
      all.push_back(Name::create(memory, path_of(number)));
      ASSERT_EQ(table.insert(*all.back()).name, all.back());
    }
    EXPECT_LE(largest.bytes, std::size_t{2} << 20);
    for (std::size_t number = 0; number < names; number += 2)
      table.erase(*table.find(path_of(number)));
    EXPECT_EQ(table.size(), names / 2);
    for (std::size_t number = 0; number < names; ++number) {
      const NameSlot* slot = table.find(path_of(number));
      ASSERT_EQ(slot == nullptr ? nullptr : slot->name, number % 2 == 0 ? nullptr : all[number]);
    }
  }
  for (Name* name : all) Name::destroy(memory, name);
}

TEST(PathMap, HoldsWhatAMapHoldsAndMovesNoEntry) {
  PathMap<std::size_t> paths;
  std::map<std::string, PathMap<std::size_t>::Entry*> model;
  Random random(5);
  for (std::size_t step = 0; step < 60'000; ++step) {
    const std::string path = path_of(random.below(20'000));
    if (const auto known = model.find(path); known != model.end() && random.below(3) == 0) {
      paths.erase(known->second->first);
      model.erase(known);
      ASSERT_EQ(paths.find(path), nullptr);
      continue;
    }
    auto& entry = paths.at(path);
    entry.second = step;
    const auto [known, fresh] = model.emplace(path, &entry);
    ASSERT_EQ(known->second, &entry) << "it has moved";
  }
  EXPECT_EQ(paths.size(), model.size());
  for (const auto& [path, entry] : model) {
    ASSERT_EQ(paths.find(path), entry);
    ASSERT_EQ(entry->first, path);
  }
  paths.clear();
  EXPECT_EQ(paths.size(), 0U);
  EXPECT_EQ(paths.find(path_of(1)), nullptr);
}

std::size_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(PathMap, NeedsLittleMemoryForOneMorePath) {
  PathMap<std::size_t> paths;
  std::size_t most = 0;
  for (std::size_t number = 0; number < 100'000; ++number) {
    const std::size_t before = heap_bytes();
    paths.at(path_of(number));
    most = std::max(most, heap_bytes() - std::min(before, heap_bytes()));
  }
  EXPECT_LT(most, std::size_t{64} << 10) << "one large table of 100,000 would need 1.6 MB";
}

}  // namespace
}  // namespace muster
