// Three members on a perfect segment, and what tests of the directory ask of them.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "cluster/directory/answer.h"
#include "tests/cluster/support/segment.h"

namespace muster::test {

inline bool about_the_directory(const Segment::Transit& transit) {
  return transit.type == wire::Type::advertisement || transit.type == wire::Type::sync_request ||
         transit.type == wire::Type::sync_answer;
}

inline bool has_copy(const Segment::Host& host, const Segment::Host& owner) {
  const Replica* replica = host.member->directory().replica(owner.member->self().id);
  const Tree& own = owner.member->directory().own();
  return replica != nullptr && replica->tree().version() == own.version() &&
         replica->tree().digest() == own.digest() && replica->tree().size() == own.size();
}

struct Directories : testing::Test {
  Segment segment;
  Segment::Host& ann = segment.start("ann");
  Segment::Host& bob = segment.start("bob");
  Segment::Host& cid = segment.start("cid");

  void SetUp() override {
    segment.run_for(second);
    segment.record = about_the_directory;
  }
  void TearDown() override {
    for (const auto* host : {&ann, &bob, &cid}) EXPECT_EQ(host->held(), 0u) << "packets leaked";
  }
  void bind(Segment::Host& host, std::string_view path, std::string_view value = "x") {
    ASSERT_EQ(host.member->bind(path, bytes(value)), BindResult::changed);
  }
  /// The advertisement of the changes after `base` up to `last`, which was lost, turns up.
  void hear_late(Segment::Host& to, const Segment::Host& from, Version base, Version last) {
    Outbox outbox(to.port, {from.config.cluster, from.member->self()});
    Packet& packet = *outbox.open(wire::Type::advertisement);
    append(packet, wire::Advertisement{.base_version = base,
                                       .to_version = last,
                                       .changes = static_cast<std::uint16_t>(last - base)});
    const Tree& tree = from.member->directory().own();
    for (auto entry = tree.after(base); entry != tree.end() && entry->version <= last; ++entry)
      append_change(packet,
                    {.version = entry->version,
                     .kind = wire::ChangeKind::bind,
                     .more = false,
                     .path = entry->path,
                     .content = entry->contents,
                     .attribute_bytes = entry->attribute_bytes},
                    0, entry->version == base + 1);
    packet.peer = from.config.self;
    to.member->on_packet(segment.now(), packet);
    to.port.release(packet);
  }
  /// The next `count` packets of `type` to `to` are lost.
  void lose(const Segment::Host& to, wire::Type type, int count = 1) {
    segment.filter = [&to, type, left = count](const Segment::Transit& transit) mutable {
      return &transit.to != &to || transit.type != type || left-- <= 0;
    };
  }
};

}  // namespace muster::test
