// What an owner must not be able to do to those who copy its tree, whatever it says (I7, I14).
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/directory/answer.h"
#include "cluster/directory/repair.h"
#include "cluster/directory/replica.h"
#include "sim/silent_events.h"
#include "tests/cluster/support/segment.h"

namespace muster {
namespace {

using test::bytes;

constexpr MemberKey liar{MemberId{1}, 1};

/// The first page of an answer that tells one binding, and does not end.
class Page {
 public:
  Page(Version version, std::string_view path) : memory_(1472) {
    Tree tree;
    tree.bind(version, path, {{}, bytes("value")});
    tree.advance(version);
    Packet packet{.data = memory_.data(), .size = 0, .capacity = 1472};
    Place place;
    append_section(packet, liar, tree, place);
    reinterpret_cast<wire::Section*>(memory_.data())->flags = 0;
  }
  wire::SectionView view() const {
    const std::byte* at = memory_.data();
    return wire::decode_section(at);
  }

 private:
  std::vector<std::byte> memory_;
};

/// The names that an application holds.
class Names final : public sim::SilentEvents {
 public:
  void on_bound(const Binding& binding) override { held.emplace(binding.path); }
  void on_withdrawn(const Binding& binding) override { held.erase(std::string(binding.path)); }
  std::set<std::string> held;
};

TEST(HostileOwner, CannotHaveTwoPathsAtOneVersion) {
  const DirectoryConfig config;
  Names events;
  Replica replica(liar, config, events);
  replica.begin_fetch(true);
  for (const Page& page : {Page(5, "/a"), Page(5, "/b"), Page(6, "/b"), Page(6, "/a")})
    replica.take(page.view());
  EXPECT_EQ(events.held, std::set<std::string>{"/a"});
  std::size_t bindings = 1000;
  EXPECT_TRUE(replica.withdraw(bindings));
  EXPECT_TRUE(events.held.empty()) << "bindings that outlive their owner";
}

/// docs/protocol.md §6.9: whoever asks for it later is answered, whatever others ask for meanwhile.
TEST(Repair, CoversWhatItRepeatedForOneWindowOnly) {
  constexpr DurationNs window = 4 * ms;
  const Endpoint asker{1, 1};
  Repair repair;
  ASSERT_EQ(repair.asked(0, asker, 7, 1, window), Repair::Verdict::repeat);
  EXPECT_EQ(repair.asked(0, asker, 7, 1, window), Repair::Verdict::repeat) << "it was not yet";
  repair.repeated(7);
  EXPECT_EQ(repair.asked(window - 1, asker, 7, 3, window), Repair::Verdict::covered);
  EXPECT_EQ(repair.asked(window, asker, 8, 3, window), Repair::Verdict::answer);  // another window
  EXPECT_EQ(repair.asked(window + 1, asker, 7, 3, window), Repair::Verdict::answer);
}

}  // namespace
}  // namespace muster
