// Hosts that the group does not reach: they find each other by seeds.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/support/segment.h"

namespace muster::test {

struct Deaf : testing::Test {
  Segment segment;

  /// A host that does not hear the group, and begins to look at the seeds.
  Segment::Host& start_deaf(const std::string& name, std::vector<Endpoint> seeds = {}) {
    return segment.start(name, [&](MemberConfig& config) {
      config.multicast = false;
      config.seeds = std::move(seeds);
    });
  }
  Segment::Host& start_deaf(const std::string& name, const Segment::Host& seed) {
    return start_deaf(name, std::vector{seed.config.self});
  }
};

}  // namespace muster::test
