// The conversations that define the directory, as a reader would tell them.
#include <gtest/gtest.h>

#include "tests/cluster/support/directories.h"
#include "tests/cluster/support/transcript.h"

namespace muster {
namespace {

using test::Segment;
using test::Transcript;
using wire::Type;

struct Transcripts : test::Directories {
  Transcript transcript{segment.names()};

  void SetUp() override {
    Directories::SetUp();
    segment.record = [this](const Segment::Transit& transit) {
      transcript.note(transit);
      return false;
    };
  }
  /// The next packet of `type` to `to` is lost, and the transcript says so.
  void lose_next(const Segment::Host& to, Type type) {
    segment.filter = [this, &to, type, lost = false](const Segment::Transit& transit) mutable {
      if (lost || &transit.to != &to || transit.type != type) return true;
      lost = true;
      transcript.note_lost(to);
      return false;
    };
  }
  void bind_many(Segment::Host& host, int count, std::size_t value_bytes) {
    for (int i = 0; i < count; ++i)
      bind(host, "/" + host.config.name + "/" + std::to_string(i), std::string(value_bytes, 'v'));
  }
  /// Bound before the transcript begins.
  void settle() {
    const auto record = std::exchange(segment.record, [](const auto&) { return false; });
    segment.run_for(second);
    segment.record = record;
  }
};

TEST_F(Transcripts, OfALostAdvertisementThatTheNextOneShows) {
  lose_next(bob, Type::advertisement);
  bind(ann, "/one");
  segment.run_for(ms);
  bind(ann, "/two");
  segment.run_for(50 * ms);
  EXPECT_TRUE(has_copy(bob, ann));
  EXPECT_EQ(transcript.text(), R"(ann -> all: changes 0 to 1: +/one (lost on its way to bob)
ann -> all: changes 1 to 2: +/two
bob -> ann: what of yours after 0? (pages: 4)
ann -> bob: page 0; ann 0 to 2: +/one +/two (complete); nothing is left
)");
}

TEST_F(Transcripts, OfTheLastAdvertisementLostThatAHeartbeatShows) {
  transcript.note_heartbeats_from(1);
  lose_next(bob, Type::advertisement);
  bind(ann, "/one");
  segment.run_for(second);
  EXPECT_TRUE(has_copy(bob, ann));
  EXPECT_EQ(transcript.text(), R"(ann -> all: changes 0 to 1: +/one (lost on its way to bob)
ann -> all: heartbeat, at version 1
bob -> ann: what of yours after 0? (pages: 4)
ann -> bob: page 0; ann 0 to 1: +/one (complete); nothing is left
)");
}

TEST_F(Transcripts, OfALargeValueThatLosesAPiece) {
  int pieces = 0;
  segment.filter = [&](const Segment::Transit& transit) {
    if (&transit.to != &bob || transit.type != Type::advertisement || ++pieces != 2) return true;
    transcript.note_lost(bob);
    return false;
  };
  bind(ann, "/large", std::string(5000, 'v'));
  segment.run_for(50 * ms);
  EXPECT_TRUE(has_copy(bob, ann));
  EXPECT_EQ(transcript.text(), R"(ann -> all: changes 0 to 1: +/large [0..1369]
ann -> all: changes 0 to 1: +/large [1369..2738] (lost on its way to bob)
ann -> all: changes 0 to 1: +/large [2738..4107]
ann -> all: changes 0 to 1: +/large [4107..5000]
bob -> ann: what of yours after 0? (pages: 4)
ann -> bob: page 0; ann 0 to 1: +/large [0..1321]
ann -> bob: page 1; ann 0 to 1: +/large [1321..2642]
ann -> bob: page 2; ann 0 to 1: +/large [2642..3963]
ann -> bob: page 3; ann 0 to 1: +/large [3963..5000] (complete); nothing is left
)");
}

TEST_F(Transcripts, OfALogTooShort) {
  auto& dan =
      segment.start("dan", [](MemberConfig& config) { config.directory.tombstone_bytes_max = 0; });
  bind(dan, "/keep");
  bind(dan, "/gone");
  settle();
  lose_next(bob, Type::advertisement);
  ASSERT_EQ(dan.member->withdraw("/gone"), BindResult::changed);
  segment.run_for(ms);
  bind(dan, "/new");
  segment.run_for(50 * ms);
  EXPECT_TRUE(has_copy(bob, dan));
  EXPECT_EQ(transcript.text(), R"(dan -> all: changes 2 to 3: -/gone (lost on its way to bob)
dan -> all: changes 3 to 4: +/new
bob -> dan: what of yours after 2? (pages: 4)
dan -> bob: page 0; dan 0 to 4: +/keep +/new (complete); nothing is left
)");
}

TEST_F(Transcripts, OfAJoinByEachOwner) {
  bind_many(ann, 3, 10);
  bind_many(bob, 30, 500);
  settle();
  auto& dan = segment.start(
      "dan", [](MemberConfig& config) { config.directory.join_from = CatchUpFrom::owners; });
  segment.run_for(second);
  for (const auto* owner : {&ann, &bob, &cid}) EXPECT_TRUE(has_copy(dan, *owner));
  EXPECT_TRUE(dan.events.has("synchronized"));
  EXPECT_EQ(transcript.text(), R"(dan -> ann: what of yours after 0? (pages: 4)
ann -> dan: page 0; ann 0 to 3: +/ann/0 +/ann/1 +/ann/2 (complete); nothing is left
dan -> bob: what of yours after 0? (pages: 4)
bob -> dan: page 0; bob 0 to 30: +/bob/0 +/bob/1
bob -> dan: page 1; bob 0 to 30: +/bob/2 +/bob/3
bob -> dan: page 2; bob 0 to 30: +/bob/4 +/bob/5
bob -> dan: page 3; bob 0 to 30: +/bob/6 +/bob/7
dan -> bob: what of yours after 0? (I have up to 8; pages: 8)
bob -> dan: page 0; bob 0 to 30: +/bob/8 +/bob/9
bob -> dan: page 1; bob 0 to 30: +/bob/10 +/bob/11
bob -> dan: page 2; bob 0 to 30: +/bob/12 +/bob/13
bob -> dan: page 3; bob 0 to 30: +/bob/14 +/bob/15
bob -> dan: page 4; bob 0 to 30: +/bob/16 +/bob/17
bob -> dan: page 5; bob 0 to 30: +/bob/18 +/bob/19
bob -> dan: page 6; bob 0 to 30: +/bob/20 +/bob/21
bob -> dan: page 7; bob 0 to 30: +/bob/22 +/bob/23
dan -> bob: what of yours after 0? (I have up to 24; pages: 16)
bob -> dan: page 0; bob 0 to 30: +/bob/24 +/bob/25
bob -> dan: page 1; bob 0 to 30: +/bob/26 +/bob/27
bob -> dan: page 2; bob 0 to 30: +/bob/28 +/bob/29 (complete); nothing is left
)");
}

TEST_F(Transcripts, OfAJoinByStatedump) {
  bind_many(ann, 3, 10);
  bind_many(bob, 30, 500);
  bind_many(cid, 1, 10);
  settle();
  auto& dan = segment.start("dan");
  segment.run_for(second);
  for (const auto* owner : {&ann, &bob, &cid}) EXPECT_TRUE(has_copy(dan, *owner));
  EXPECT_TRUE(dan.events.has("synchronized"));
  EXPECT_EQ(transcript.text(), R"(dan -> cid: everything? (pages: 4)
cid -> dan: page 0; bob 0 to 30: +/bob/0 +/bob/1
cid -> dan: page 1; bob 0 to 30: +/bob/2 +/bob/3
cid -> dan: page 2; bob 0 to 30: +/bob/4 +/bob/5
cid -> dan: page 3; bob 0 to 30: +/bob/6 +/bob/7
dan -> cid: everything from bob on (I have up to 8; pages: 8)
cid -> dan: page 0; bob 0 to 30: +/bob/8 +/bob/9
cid -> dan: page 1; bob 0 to 30: +/bob/10 +/bob/11
cid -> dan: page 2; bob 0 to 30: +/bob/12 +/bob/13
cid -> dan: page 3; bob 0 to 30: +/bob/14 +/bob/15
cid -> dan: page 4; bob 0 to 30: +/bob/16 +/bob/17
cid -> dan: page 5; bob 0 to 30: +/bob/18 +/bob/19
cid -> dan: page 6; bob 0 to 30: +/bob/20 +/bob/21
cid -> dan: page 7; bob 0 to 30: +/bob/22 +/bob/23
dan -> cid: everything from bob on (I have up to 24; pages: 16)
cid -> dan: page 0; bob 0 to 30: +/bob/24 +/bob/25
cid -> dan: page 1; bob 0 to 30: +/bob/26 +/bob/27
cid -> dan: page 2; bob 0 to 30: +/bob/28 +/bob/29 (complete); cid 0 to 1: +/cid/0 (complete); ann 0 to 3: +/ann/0 +/ann/1 +/ann/2 (complete); nothing is left
)");
}

TEST_F(Transcripts, OfAStatedumpWhoseSourceDiesInTheMiddle) {
  bind_many(ann, 3, 10);
  bind_many(bob, 12, 500);
  bind_many(cid, 1, 10);
  settle();
  int pages = 0;
  auto& dan =
      segment.start("dan", [](MemberConfig& config) { config.directory.answer_pages_max = 1; });
  Segment::Host* source = nullptr;
  segment.filter = [&](const Segment::Transit& transit) {
    if (transit.type == Type::sync_answer && ++pages == 3) {
      for (Segment::Host* host : {&ann, &bob, &cid})
        if (host == &transit.from) source = host;
    }
    return true;
  };
  ASSERT_TRUE(segment.run_until([&] { return source != nullptr; }));
  transcript.say(source->config.name + " dies");
  segment.crash(*source);
  segment.run_for(2 * second);
  for (const auto* owner : {&ann, &bob, &cid})
    EXPECT_TRUE(owner == source || has_copy(dan, *owner));
  EXPECT_TRUE(dan.events.has("synchronized"));
  EXPECT_EQ(transcript.text(), R"(dan -> cid: everything? (pages: 1)
cid -> dan: page 0; bob 0 to 12: +/bob/0 +/bob/1
dan -> cid: everything from bob on (I have up to 2; pages: 1)
cid -> dan: page 0; bob 0 to 12: +/bob/2 +/bob/3
dan -> cid: everything from bob on (I have up to 4; pages: 1)
cid -> dan: page 0; bob 0 to 12: +/bob/4 +/bob/5
   cid dies
dan -> cid: everything from bob on (I have up to 6; pages: 1)
dan -> cid: everything from bob on (I have up to 6; pages: 1)
dan -> cid: everything from bob on (I have up to 6; pages: 1)
dan -> ann: everything from bob on (I have up to 6; pages: 1)
ann -> dan: page 0; bob 0 to 12: +/bob/6 +/bob/7
dan -> ann: everything from bob on (I have up to 8; pages: 1)
ann -> dan: page 0; bob 0 to 12: +/bob/8 +/bob/9
dan -> ann: everything from bob on (I have up to 10; pages: 1)
ann -> dan: page 0; bob 0 to 12: +/bob/10 +/bob/11 (complete); cid 0 to 1: +/cid/0 (complete); ann 0 to 3: +/ann/0 +/ann/1 +/ann/2 (complete); nothing is left
)");
}

}  // namespace
}  // namespace muster
