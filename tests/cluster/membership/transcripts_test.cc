// The conversations that define membership, packet by packet: read them to learn the protocol.
// A line is the time in milliseconds since the transcript begins, and either what is said to whom
// (* is the group) or, after a colon, what an application hears. Heartbeats are left out where they
// only repeat themselves: a line of them stands where one changes something.
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cluster/wire/type_name.h"
#include "tests/cluster/support/segment.h"

namespace muster {
namespace {

using test::Segment;

class Transcript : public testing::Test {
 protected:
  Segment::Host& start(const std::string& name,
                       const std::function<void(MemberConfig&)>& tune = {}) {
    hosts_.push_back(&segment_.start(name, tune));
    heard_.push_back(0);
    return *hosts_.back();
  }
  /// From here on all is written down, but for packets of these types.
  void begin(std::set<wire::Type> without = {wire::Type::heartbeat}) {
    for (std::size_t i = 0; i < hosts_.size(); ++i) heard_[i] = hosts_[i]->events.heard.size();
    began_ = segment_.now();
    text_ = "\n";
    segment_.filter = [this, without = std::move(without)](const Segment::Transit& transit) {
      if (!without.contains(transit.type)) note_packet(transit);
      return !lost_ || !lost_(transit);
    };
  }
  void run_for(DurationNs duration) {
    const TimeNs end = segment_.now() + duration;
    segment_.run_until([this] { return note_events(), false; }, duration);
    segment_.run_for(end - segment_.now());
  }
  void lose(std::function<bool(const Segment::Transit&)> lost) { lost_ = std::move(lost); }
  const std::string& text() {
    note_events();
    return text_;
  }

  Segment segment_;

 private:
  void note_packet(const Segment::Transit& transit) {
    const std::string line =
        fmt::format("{:>6} {} -> {} {}{}\n", time(), transit.from.config.name,
                    transit.multicast ? "*" : transit.to.config.name, name_of(transit.type),
                    lost_ && lost_(transit) && !transit.multicast ? ", lost" : "");
    if (transit.multicast && text_.ends_with(line)) return;  // one packet, another receiver
    text_ += line;
  }
  void note_events() {
    for (std::size_t i = 0; i < hosts_.size(); ++i)
      for (auto& at = heard_[i]; at < hosts_[i]->events.heard.size(); ++at)
        text_ += fmt::format("{:>6} {}: {}\n", time(), hosts_[i]->config.name,
                             hosts_[i]->events.heard[at]);
  }
  std::string time() const {
    return fmt::format("{:.2f}", static_cast<double>(segment_.now() - began_) / 1e6);
  }

  std::vector<Segment::Host*> hosts_;
  std::vector<std::size_t> heard_;
  std::function<bool(const Segment::Transit&)> lost_;
  TimeNs began_ = 0;
  std::string text_;
};

/// ann hears nothing of bob for suspect_after, asks it directly and through cid, and bob's answer
/// takes the way round.
TEST_F(Transcript, OfASuspicionRefuted) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  start("cid");
  segment_.run_for(second);
  begin();
  lose([&](const Segment::Transit& transit) {  // one way only: ann does not hear bob
    return &transit.from == &bob && &transit.to == &ann;
  });
  run_for(400 * ms);
  EXPECT_EQ(text(), R"(
270.01 ann -> bob probe
270.01 ann -> cid probe_request
270.01 ann: suspected bob
270.02 bob -> ann probe_ack, lost
270.02 cid -> bob probe
270.03 bob -> cid probe_ack
270.04 cid -> ann probe_ack
270.05 ann: refuted bob
)");
}

/// Both survivors suspect bob, each asks it three times, directly and through the other, and so
/// each also asks for the other; dead_after later, unanswered, bob is dead.
TEST_F(Transcript, OfADeath) {
  start("ann");
  auto& bob = start("bob");
  start("cid");
  segment_.run_for(second);
  begin();
  segment_.crash(bob);
  run_for(500 * ms);
  EXPECT_EQ(text(), R"(
270.01 ann -> bob probe
270.01 ann -> cid probe_request
270.01 cid -> bob probe
270.01 cid -> ann probe_request
270.01 ann: suspected bob
270.01 cid: suspected bob
270.02 ann -> bob probe
270.02 cid -> bob probe
296.68 ann -> bob probe
296.68 ann -> cid probe_request
296.68 cid -> bob probe
296.68 cid -> ann probe_request
296.69 ann -> bob probe
296.69 cid -> bob probe
323.34 ann -> bob probe
323.34 ann -> cid probe_request
323.34 cid -> bob probe
323.34 cid -> ann probe_request
323.35 ann -> bob probe
323.35 cid -> bob probe
350.01 ann: died bob
350.01 cid: died bob
)");
}

/// Two leaves at once (they look like one line here), and two more within the heartbeat interval.
TEST_F(Transcript, OfALeave) {
  start("ann");
  auto& bob = start("bob");
  segment_.run_for(second);
  begin();
  bob.member->leave(segment_.now());
  run_for(200 * ms);
  EXPECT_EQ(text(), R"(
  0.00 bob -> * leave
  0.00 bob: standing left
  0.01 ann: left bob
 33.33 bob -> * leave
 66.67 bob -> * leave
)");
}

/// bob crashes and starts again at once, before anybody has missed it: it joins as a higher
/// incarnation, and its first heartbeat ends the old life before it begins the new one.
TEST_F(Transcript, OfARestart) {
  start("ann");
  auto& bob = start("bob");
  segment_.run_for(second);
  begin({wire::Type::sync_request, wire::Type::sync_answer});
  segment_.crash(bob);
  start("bob", [&](MemberConfig& config) { config.self = bob.config.self; });
  run_for(300 * ms);
  EXPECT_EQ(text(), R"(
  0.00 bob -> * join
  0.00 bob: standing joining
 50.00 ann -> * heartbeat
 50.01 bob: joined ann
 62.50 bob -> * join
125.00 bob -> * join
150.00 ann -> * heartbeat
187.50 bob -> * join
250.00 ann -> * heartbeat
250.00 bob -> * heartbeat
250.00 bob: standing member
250.00 bob: synchronized
250.01 ann: replaced bob
250.01 ann: joined bob
)");
}

/// Each side has removed the other. Their heartbeats meet again, each is told that it was removed,
/// takes a higher incarnation, says so to all, and is new to the other.
TEST_F(Transcript, OfAMerge) {
  auto& ann = start("ann");
  start("bob");
  segment_.run_for(second);
  bool apart = true;
  begin({wire::Type::probe, wire::Type::sync_request, wire::Type::sync_answer});
  lose([&](const Segment::Transit&) { return apart; });
  segment_.run_until([&] { return ann.events.has("died bob"); });
  segment_.run_for(second);
  begin({wire::Type::sync_request, wire::Type::sync_answer});
  apart = false;
  run_for(200 * ms);
  EXPECT_EQ(text(), R"(
 99.99 ann -> * heartbeat
 99.99 bob -> * heartbeat
100.00 ann -> bob removed
100.00 bob -> ann removed
100.01 ann -> * heartbeat
100.01 bob -> * heartbeat
100.02 ann: joined bob
100.02 bob: joined ann
)");
}

/// Nobody hears the group. ann, the seed, answers cid's join with its heartbeat, and names bob's
/// address; cid joins there as well. Then it has heard of all, and listens on for a refusal.
TEST_F(Transcript, OfAJoinThroughASeed) {
  const auto deaf = [](MemberConfig& config) {
    config.multicast = false;
    config.seeds = {{0x0a4d0001, 7777}};
  };
  start("ann", deaf);
  start("bob", deaf);
  segment_.run_for(second);
  begin({wire::Type::sync_request, wire::Type::sync_answer});
  start("cid", deaf);
  run_for(60 * ms);
  EXPECT_EQ(text(), R"(
  0.00 cid -> ann join
  0.00 cid -> ann introduction_request
  0.00 cid: standing joining
  0.01 ann -> cid heartbeat
  0.01 ann -> cid introduction
  0.02 cid -> bob join
  0.02 cid: joined ann
  0.03 bob -> cid heartbeat
  0.04 cid: joined bob
 50.00 ann -> bob heartbeat
 50.00 bob -> ann heartbeat
)");
}

}  // namespace
}  // namespace muster
