#include "cluster/directory/directory.h"

#include <gtest/gtest.h>

#include "tests/cluster/support/directories.h"

namespace muster {
namespace {

using test::bytes;
using test::Segment;
using wire::Type;

using test::Directories;

// docs/protocol.md §6.4.
TEST_F(Directories, HearAnAdvertisementAndSayNothing) {
  bind(ann, "/db", "1");
  segment.run_for(second);
  EXPECT_TRUE(bob.events.has("bound ann /db=1"));
  EXPECT_TRUE(ann.events.has("bound ann /db=1")) << "one hears one's own bindings too";
  EXPECT_EQ(segment.transcript, std::vector<std::string>{"ann -> * advertisement"});
}

TEST_F(Directories, AdvertiseABurstOfChangesInAsFewPacketsAsItNeeds) {
  for (int i = 0; i < 100; ++i) bind(ann, "/s/" + std::to_string(i), std::string(100, 'v'));
  segment.run_for(second);
  EXPECT_TRUE(has_copy(bob, ann));
  EXPECT_EQ(segment.transcript, std::vector<std::string>(10, "ann -> * advertisement"));
}

// docs/protocol.md §6.5.
TEST_F(Directories, RepairALostAdvertisementPointToPoint) {
  lose(bob, Type::advertisement);
  bind(ann, "/db");
  segment.run_for(second);
  EXPECT_TRUE(has_copy(bob, ann));
  EXPECT_EQ(segment.transcript,
            (std::vector<std::string>{"ann -> * advertisement", "bob -> ann sync_request",
                                      "ann -> bob sync_answer"}));
}

TEST_F(Directories, FindAGapByTheNextAdvertisementBeforeTheNextHeartbeat) {
  lose(bob, Type::advertisement);
  bind(ann, "/one");
  segment.run_for(ms);
  bind(ann, "/two");
  segment.run_for(5 * ms);
  EXPECT_TRUE(has_copy(bob, ann));
  EXPECT_EQ(segment.transcript,
            (std::vector<std::string>{"ann -> * advertisement", "ann -> * advertisement",
                                      "bob -> ann sync_request", "ann -> bob sync_answer"}));
}

TEST_F(Directories, AskAgainWhenTheAnswerIsLost) {
  segment.filter = [lost = 0](const Segment::Transit& transit) mutable {
    if (transit.type == Type::sync_answer) return ++lost > 2;
    return transit.type != Type::advertisement;
  };
  bind(ann, "/db");
  segment.run_for(second);
  EXPECT_TRUE(has_copy(bob, ann));
  EXPECT_TRUE(has_copy(cid, ann));
}

TEST_F(Directories, CatchUpOverManyPages) {
  lose(bob, Type::advertisement, 1000);
  for (int i = 0; i < 200; ++i) bind(ann, "/s/" + std::to_string(i), std::string(500, 'v'));
  segment.run_for(second);
  EXPECT_TRUE(has_copy(bob, ann));
  EXPECT_EQ(bob.events.count("bound ann /s/199=" + std::string(500, 'v')), 1u);
  EXPECT_GT(std::ranges::count(segment.transcript, "ann -> bob sync_answer"), 50);
}

TEST_F(Directories, ShowNothingOfAnUpdateBeforeAllOfItIsThere) {
  lose(bob, Type::advertisement, 1000);
  for (int i = 0; i < 200; ++i) bind(ann, "/s/" + std::to_string(i), std::string(500, 'v'));
  const auto& replica = *bob.member->directory().replica(ann.member->self().id);
  std::set<Version> versions;
  ASSERT_TRUE(segment.run_until([&] {
    versions.insert(replica.tree().version());
    return replica.tree().version() == 200;
  }));
  EXPECT_EQ(versions, (std::set<Version>{0, 200}));
}

TEST_F(Directories, CatchUpWhileTheOwnerGoesOnChanging) {
  lose(bob, Type::advertisement, 1000);
  for (int i = 0; i < 200; ++i) bind(ann, "/s/" + std::to_string(i), std::string(500, 'v'));
  for (int round = 0; round < 30; ++round) {
    segment.run_for(20 * us);
    bind(ann, "/s/" + std::to_string(round), "new" + std::to_string(round));
    ann.member->withdraw("/s/" + std::to_string(199 - round));
  }
  segment.run_for(second);
  EXPECT_TRUE(has_copy(bob, ann));
}

TEST_F(Directories, FetchEverythingWhenTheWithdrawalsAreForgotten) {
  auto& dan =
      segment.start("dan", [](MemberConfig& config) { config.directory.tombstone_bytes_max = 0; });
  bind(dan, "/keep");
  bind(dan, "/gone");
  segment.run_for(second);
  ASSERT_TRUE(has_copy(bob, dan));
  lose(bob, Type::advertisement);
  ASSERT_EQ(dan.member->withdraw("/gone"), BindResult::changed);
  segment.run_for(second);
  EXPECT_EQ(dan.member->directory().own().floor(), 3u);
  EXPECT_TRUE(has_copy(bob, dan));
  EXPECT_EQ(bob.events.count("withdrawn dan /gone"), 1u);
  EXPECT_EQ(bob.events.count("bound dan /keep=x"), 1u) << "what did not change is not told again";
}

TEST_F(Directories, FetchManyPagesFromAnOwnerThatHasForgottenWithdrawals) {
  auto& dan =
      segment.start("dan", [](MemberConfig& config) { config.directory.tombstone_bytes_max = 0; });
  segment.run_for(second);
  lose(bob, Type::advertisement, 1000);
  for (int i = 0; i < 50; ++i) bind(dan, "/s/" + std::to_string(i), std::string(500, 'v'));
  bind(dan, "/gone");
  ASSERT_EQ(dan.member->withdraw("/gone"), BindResult::changed);
  ASSERT_TRUE(segment.run_until([&] { return has_copy(bob, dan); }));
  segment.run_for(second);
  EXPECT_EQ(bob.member->directory().stats().wrong_copies, 0u);
}

// docs/protocol.md §6.6.
TEST_F(Directories, StartOverWhenAWithdrawalWasForgottenBetweenTwoPages) {
  auto& dan = segment.start("dan", [](MemberConfig& config) {
    config.directory.tombstone_bytes_max = 0;
    config.directory.answer_pages_max = 1;
  });
  segment.run_for(second);
  lose(bob, Type::advertisement, 1000);
  for (int i = 0; i < 50; ++i) bind(dan, "/s/" + std::to_string(i), std::string(500, 'v'));
  segment.record = [&](const Segment::Transit& transit) {
    return transit.type == Type::sync_answer && &transit.to == &bob;
  };
  ASSERT_TRUE(segment.run_until([&] { return segment.transcript.size() >= 3; }));
  ASSERT_EQ(dan.member->withdraw("/s/0"), BindResult::changed);
  ASSERT_TRUE(segment.run_until([&] { return has_copy(bob, dan); }));
  EXPECT_EQ(bob.events.count("withdrawn dan /s/0"), 1U);
  EXPECT_EQ(bob.member->directory().stats().wrong_copies, 0U);
}

TEST_F(Directories, DoNotAskForWhatArrivesByItself) {
  lose(bob, Type::advertisement);
  bind(ann, "/one");
  segment.run_for(ms);
  bind(ann, "/two");
  ASSERT_TRUE(segment.run_until([&] { return segment.transcript.size() == 2; }));
  segment.run_for(20 * us);  // the second has come, and shows the gap
  hear_late(bob, ann, 0, 1);
  hear_late(bob, ann, 1, 2);
  ASSERT_TRUE(has_copy(bob, ann));
  segment.run_for(second);
  EXPECT_EQ(std::ranges::count(segment.transcript, "bob -> ann sync_request"), 0);
}

// docs/protocol.md §6.5.
TEST_F(Directories, FindAndReplaceAWrongCopy) {
  // An advertisement whose value was altered on the way: the version is right, the bytes are not.
  bind(ann, "/db", "right");
  ann.member->transmit(segment.now());
  auto said = ann.port.take_transmitted();
  ASSERT_EQ(said.size(), 1u);
  said[0].bytes.back() ^= std::byte{1};
  Packet& packet = bob.port.received(ann.config.self, said[0].bytes);
  bob.member->on_packet(segment.now(), packet);
  bob.port.release(packet);
  ASSERT_FALSE(has_copy(bob, ann));
  segment.run_for(second);
  EXPECT_TRUE(has_copy(bob, ann));
  EXPECT_EQ(bob.member->directory().stats().wrong_copies, 1u);
  EXPECT_TRUE(bob.events.has("bound ann /db=right"));
}

// docs/protocol.md §6.8.
TEST_F(Directories, LoseTheBindingsOfAMemberThatLeaves) {
  bind(ann, "/db");
  segment.run_for(second);
  ann.member->leave(segment.now());
  segment.run_for(second);
  const auto& heard = bob.events.heard;
  const auto withdrawn = std::ranges::find(heard, "withdrawn ann /db");
  ASSERT_NE(withdrawn, heard.end());
  EXPECT_NE(std::find(withdrawn, heard.end(), "left ann"), heard.end()) << "bindings first";
}

// docs/protocol.md §6.7.
TEST_F(Directories, BringAJoinerUpToDateByOneMember) {
  for (int i = 0; i < 20; ++i) bind(ann, "/a/" + std::to_string(i), std::string(300, 'a'));
  bind(bob, "/b");
  bind(cid, "/c");
  segment.run_for(second);
  segment.transcript.clear();
  auto& dan = segment.start("dan");
  segment.run_for(second);
  for (const auto* owner : {&ann, &bob, &cid}) EXPECT_TRUE(has_copy(dan, *owner));
  EXPECT_TRUE(dan.events.has("synchronized"));
  std::set<std::string> lines(segment.transcript.begin(), segment.transcript.end());
  EXPECT_EQ(lines.size(), 2u) << "one request line and one answer line: one source";
}

TEST_F(Directories, BringAJoinerUpToDateByEachOwner) {
  for (auto* host : {&ann, &bob, &cid}) bind(*host, "/" + host->config.name);
  segment.run_for(second);
  segment.transcript.clear();
  auto& dan = segment.start(
      "dan", [](MemberConfig& config) { config.directory.join_from = CatchUpFrom::owners; });
  segment.run_for(second);
  for (const auto* owner : {&ann, &bob, &cid}) EXPECT_TRUE(has_copy(dan, *owner));
  EXPECT_TRUE(dan.events.has("synchronized"));
  EXPECT_EQ(std::ranges::count(segment.transcript, "dan -> ann sync_request"), 1);
  EXPECT_EQ(std::ranges::count(segment.transcript, "cid -> dan sync_answer"), 1);
}

TEST_F(Directories, FallBackToTheOwnersWhenTheSourceOfADumpIsSilent) {
  for (auto* host : {&ann, &bob, &cid}) bind(*host, "/" + host->config.name);
  segment.run_for(second);
  // Answers to a dump are lost; answers of an owner about itself are recognized by who is asked.
  int requests = 0;
  segment.filter = [&](const Segment::Transit& transit) {
    return transit.type != Type::sync_request || ++requests > 3;
  };
  auto& dan = segment.start("dan");
  segment.run_for(2 * second);
  EXPECT_EQ(dan.member->directory().stats().sources_abandoned, 1u);
  for (const auto* owner : {&ann, &bob, &cid}) EXPECT_TRUE(has_copy(dan, *owner));
  EXPECT_TRUE(dan.events.has("synchronized"));
}

TEST_F(Directories, PutNoPacketOnABystanderForAnothersLoss) {
  const auto received = [](const Segment::Host& host) {
    const auto stats = host.member->stats();
    return stats.received[static_cast<std::size_t>(Type::sync_request)] +
           stats.received[static_cast<std::size_t>(Type::sync_answer)];
  };
  lose(bob, Type::advertisement, 5);
  for (int i = 0; i < 5; ++i) {
    bind(ann, "/s/" + std::to_string(i));
    segment.run_for(10 * ms);
  }
  segment.run_for(second);
  EXPECT_TRUE(has_copy(bob, ann));
  EXPECT_GT(received(bob), 0u);
  EXPECT_EQ(received(cid), 0u);
}

// docs/protocol.md §6.1.
TEST_F(Directories, RefuseWhatCannotBeBound) {
  EXPECT_EQ(ann.member->bind("no-slash", {}), BindResult::invalid_path);
  EXPECT_EQ(ann.member->bind("/" + std::string(255, 'x'), {}), BindResult::invalid_path);
  EXPECT_EQ(ann.member->bind("/big", bytes(std::string((64 << 10) + 1, 'x'))),
            BindResult::too_large);
  EXPECT_EQ(ann.member->withdraw("/none"), BindResult::unchanged);
  bind(ann, "/db", "1");
  EXPECT_EQ(ann.member->bind("/db", bytes("1")), BindResult::unchanged);
  segment.run_for(second);
  EXPECT_EQ(ann.member->directory().own().version(), 1u);
}

TEST_F(Directories, HoldTheLargestBindingInOnePacket) {
  const std::string path = "/" + std::string(254, 'p');
  lose(bob, Type::advertisement);
  bind(ann, path, std::string(1024, 'v'));
  segment.run_for(second);
  EXPECT_TRUE(has_copy(bob, ann)) << "by an answer";
  EXPECT_TRUE(has_copy(cid, ann)) << "by an advertisement";
}

}  // namespace
}  // namespace muster
