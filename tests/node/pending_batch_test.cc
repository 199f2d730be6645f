#include "node/pending_batch.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace muster {
namespace {

BindingChanged change(bool bound, const std::string& path, Version version) {
  return {
      .bound = bound, .owner = {}, .path = path, .value = {}, .version = version, .attributes = {}};
}

std::vector<std::string> taken(PendingBatch& batch) {
  std::vector<std::string> all;
  for (const BindingChanged& each : batch.take())
    all.push_back((each.bound ? "+" : "-") + each.path + "@" + std::to_string(each.version));
  return all;
}

using Strings = std::vector<std::string>;

TEST(PendingBatch, KeepsTheOrderOfChanges) {
  PendingBatch batch;
  batch.add(change(true, "/b", 1));
  batch.add(change(false, "/a", 2));
  batch.add(change(true, "/c", 3));
  EXPECT_EQ(taken(batch), (Strings{"+/b@1", "-/a@2", "+/c@3"}));
}

TEST(PendingBatch, KeepsTheLastChangeOfEachPath) {
  PendingBatch batch;
  // Longer than what a string holds in itself: the path's bytes move with its change.
  const std::string path = "/" + std::string(100, 'x');
  batch.add(change(true, path, 1));
  batch.add(change(true, "/y", 2));
  for (Version version = 3; version < 1000; ++version)
    batch.add(change(version % 2, path, version));
  EXPECT_EQ(taken(batch), (Strings{"+/y@2", "+" + path + "@999"}));
}

TEST(PendingBatch, ForgetsWhatComesAndGoes) {
  PendingBatch batch;
  for (Version version = 1; version < 100; ++version) {
    const std::string path = "/" + std::to_string(version);
    batch.add(change(true, path, version));
    batch.drop(change(false, path, version));
  }
  batch.drop(change(false, "/never", 100));
  EXPECT_TRUE(batch.take().empty());
}

}  // namespace
}  // namespace muster
