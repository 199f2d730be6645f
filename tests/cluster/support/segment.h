// A whole cluster on one perfect network segment in virtual time, for tests that follow a
// conversation packet by packet. Faults are what a test says: a filter decides on each packet.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cluster/member.h"
#include "tests/cluster/support/memory_port.h"

namespace muster::test {

/// What one member's application heard, as short lines: "joined bob", "bound bob /db=1",
/// "message bob hi", "published bob hi", "stream bob began 1", "subscriber bob joined", "path to
/// bob loses 1500".
class Listener : public Events {
 public:
  std::vector<std::string> heard;
  bool accept = true;
  bool ready_now = true;
  /// Packets of topics that it will still take.
  std::size_t publications_max = SIZE_MAX;

  bool has(std::string_view line) const;
  std::size_t count(std::string_view line) const;

  void on_standing(Standing standing) override;
  void on_joined(const MemberInfo& member) override;
  void on_suspected(const MemberInfo& member) override;
  void on_refuted(const MemberInfo& member) override;
  void on_removed(const MemberInfo& member, RemovalReason reason) override;
  void on_bound(const Binding& binding) override;
  void on_withdrawn(const Binding& binding) override;
  void on_batch_begin(const MemberKey& owner) override;
  void on_batch_end(const MemberKey& owner) override;
  bool ready() const override { return ready_now; }
  void on_synchronized() override;
  bool on_messages(const Delivery& delivery) override;
  void on_undelivered(const Undelivered& undelivered) override;
  bool on_publication(const StreamDelivery& publication) override;
  void on_stream(const StreamEvent& event) override;
  void on_subscriber(const SubscriberEvent& event) override;
  void on_path(const PathEvent& event) override;

  /// Names by id, so that lines say "bob" and not a number; shared by the segment.
  const std::map<MemberId, std::string>* names = nullptr;

 private:
  std::string name(MemberId id) const;
  void hear(const Delivery& delivery, const wire::MessageView& message);

  std::map<std::pair<MemberId, ChannelId>, std::string> begun_;  // of messages in pieces
  std::map<std::pair<MemberId, TopicNumber>, std::string> begun_of_topics_;
};

class Segment {
 public:
  struct Host {
    MemberConfig config;
    MemoryPort port;
    Listener events;
    std::unique_ptr<Member> member;
    bool running = true;

    /// Packets that somebody holds, besides the member's reserve.
    std::size_t held() const {
      return port.alive() - (member == nullptr ? 0 : member->packets_reserved());
    }
  };
  /// A packet on its way from one host to another.
  struct Transit {
    const Host& from;
    const Host& to;
    wire::Type type;
    bool multicast;
    std::span<const std::byte> bytes;
    bool expendable;
  };

  static constexpr DurationNs delay_ns = 10 * us;
  static constexpr Endpoint group{0xef4d0001, 7777};

  /// Adds a host and starts it. A second host of one name has the next address and incarnation.
  Host& start(const std::string& name, const std::function<void(MemberConfig&)>& tune = {});
  /// A crash: it neither hears nor speaks any more.
  void crash(Host& host);
  /// Neither hears nor speaks, but does not know it (SIGSTOP), until resume().
  void pause(Host& host) { host.running = false; }
  void resume(Host& host) { host.running = true; }

  void run_for(DurationNs duration);
  /// Runs until `done()` or for `limit`; returns whether it is done.
  bool run_until(const std::function<bool()>& done, DurationNs limit = 10 * second);
  /// Packets for which this returns false are lost.
  std::function<bool(const Transit&)> filter;
  /// How much longer a packet takes than others.
  std::function<DurationNs()> delay = [] { return DurationNs{0}; };
  /// One line for each packet that `record` selects: "ann -> * advertisement".
  std::vector<std::string> transcript;
  std::function<bool(const Transit&)> record = [](const Transit&) { return false; };

  TimeNs now() const { return now_; }
  const std::map<MemberId, std::string>& names() const { return names_; }

 private:
  struct Flight {
    Host* to;
    Endpoint from;
    std::vector<std::byte> bytes;
  };
  void collect(Host& from);
  void deliver(const Flight& flight);
  TimeNs next_event() const;
  void step(TimeNs at);

  TimeNs now_ = second;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::map<MemberId, std::string> names_;
  std::multimap<TimeNs, Flight> flights_;
};

std::span<const std::byte> bytes(std::string_view text);
std::string text(std::span<const std::byte> bytes);

}  // namespace muster::test
