// A copy that is fetched while its owner goes on changing.
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/directory/answer.h"
#include "cluster/directory/replica.h"
#include "sim/silent_events.h"
#include "tests/cluster/support/segment.h"

namespace muster {
namespace {

using Page = Replica::Page;

constexpr MemberKey ann{MemberId{1}, 1};

class Names final : public sim::SilentEvents {
 public:
  void on_bound(const Binding& binding) override { held.emplace(binding.path); }
  void on_withdrawn(const Binding& binding) override { held.erase(std::string(binding.path)); }
  std::set<std::string> held;
};

class Owner {
 public:
  /// Withdraws all that there is, and binds as many other names, one to a page.
  void replace_all() {
    const Version cleared = tree.version() + 1;
    tree.clear(cleared);
    tree.advance(cleared);
    names.clear();
    for (int i = 0; i < names_max; ++i) {
      const std::string path = "/" + std::to_string(cleared) + "/" + std::to_string(i);
      tree.bind(tree.version() + 1, path, {{}, test::bytes(value_)});
      tree.advance(tree.version() + 1);
      names.insert(path);
    }
  }
  Page serve(Replica& reader) const {
    std::vector<std::byte> memory(1472);
    Packet packet{.data = memory.data(), .size = 0, .capacity = 1472};
    Place place = reader.place();
    append_section(packet, ann, tree, place);
    const std::byte* at = memory.data();
    return reader.take(wire::decode_section(at));
  }

  static constexpr int names_max = 60;
  Tree tree;
  std::set<std::string> names;

 private:
  const std::string value_ = std::string(1000, 'v');
};

/// docs/protocol.md §6.6: each time the owner has forgotten a withdrawal, the fetch starts over.
TEST(Fetch, MakesRoomWhereTheOwnerReplacesEverythingAgainAndAgain) {
  Owner owner;
  owner.replace_all();
  const DirectoryConfig config{.tree_bytes_max = owner.tree.bytes() + 1000,
                               .bindings_per_step = 10};
  Names events;
  Replica replica(ann, config, events);
  replica.begin_fetch(true);
  Page page = Page::again;
  for (int pages = 0; pages < 1000 && page != Page::settled; ++pages) {
    if (pages % 50 == 49 && pages < 200) owner.replace_all();
    page = page == Page::sweeping ? replica.sweep(config.bindings_per_step) : owner.serve(replica);
    ASSERT_LE(replica.tree().bytes(), 2 * config.tree_bytes_max);
    ASSERT_NE(page, Page::too_large) << "after " << pages << " pages";
  }
  EXPECT_EQ(page, Page::settled);
  EXPECT_EQ(events.held, owner.names);
}

TEST(Fetch, RefusesATreeThatIsLargerThanTheLimit) {
  Owner owner;
  owner.replace_all();
  const DirectoryConfig config{.tree_bytes_max = owner.tree.bytes() / 3, .bindings_per_step = 10};
  Names events;
  Replica replica(ann, config, events);
  replica.begin_fetch(true);
  Page page = Page::again;
  for (int pages = 0; pages < 1000 && page != Page::too_large; ++pages)
    page = page == Page::sweeping ? replica.sweep(config.bindings_per_step) : owner.serve(replica);
  EXPECT_EQ(page, Page::too_large);
  EXPECT_LE(replica.tree().bytes(), 2 * config.tree_bytes_max);
}

}  // namespace
}  // namespace muster
