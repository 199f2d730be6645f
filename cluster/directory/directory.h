// The directory as one member sees it: its own tree, a copy of every other live member's, and
// the conversations that keep the copies true (docs/protocol.md, "Directory").
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>

#include "cluster/config.h"
#include "cluster/directory/own_tree.h"
#include "cluster/directory/pursuit.h"
#include "cluster/directory/replica.h"
#include "cluster/events.h"
#include "cluster/outbox.h"
#include "cluster/random.h"
#include "cluster/wire/parse.h"

namespace muster {

struct DirectoryStats {
  std::uint64_t gaps = 0;          ///< advertisements or heartbeats that showed something missing
  std::uint64_t wrong_copies = 0;  ///< copies whose digest was not the owner's
  std::uint64_t requests = 0;      ///< sent
  std::uint64_t answers = 0;       ///< sent
  std::uint64_t catch_ups = 0;     ///< conversations that ended with the copy up to date
  std::uint64_t dumps_abandoned = 0;
  std::uint64_t too_large = 0;  ///< changes refused because a tree would outgrow its limit
};

class Directory {
 public:
  Directory(const DirectoryConfig& config, const Endpoint& group, Outbox& outbox, Events& events,
            std::uint64_t seed);

  BindResult bind(std::string_view path, std::span<const std::byte> value) {
    return own_.bind(path, value);
  }
  BindResult withdraw(std::string_view path) { return own_.withdraw(path); }

  /// What a member says of its own tree in each heartbeat.
  struct Advertised {
    Version version = 0;
    std::uint64_t digest = 0;
    bool synchronized = false;
  };
  void add_member(const MemberKey& key, const Endpoint& endpoint);
  void remove_member(TimeNs now, MemberId id);
  void on_heartbeat(TimeNs now, MemberId from, const Advertised& advertised);
  void on_advertisement(TimeNs now, MemberId from, const wire::AdvertisementView& advertisement);
  void on_request(const wire::SyncRequest& request, const Endpoint& from);
  void on_answer(TimeNs now, MemberId from, const wire::SyncAnswerView& answer);

  TimeNs next_deadline() const { return next_due_ns_; }
  void on_deadline(TimeNs now);
  void transmit() {
    if (active_) own_.advertise(group_);
  }

  /// This member has joined: from now on it asks for what it misses.
  void activate(TimeNs now);
  /// This member speaks as another incarnation from now on.
  void reincarnate(const MemberKey& from, const MemberKey& to);

  const Tree& own() const { return own_.tree(); }
  /// The copy of a live member's tree; nullptr where there is no such member.
  const Replica* replica(MemberId owner) const;
  bool synchronized() const { return synchronized_; }
  const DirectoryStats& stats() const { return stats_; }

 private:
  struct Copy {
    Copy(Replica empty, const Endpoint& at) : replica(std::move(empty)), endpoint(at) {}

    Replica replica;
    Endpoint endpoint;
    Pursuit pursuit;
    Version advertised = 0;     ///< the highest version heard of
    Version target = 0;         ///< the version at which it counts as synchronized
    bool heard = false;         ///< a heartbeat has told a version
    bool wrong = false;         ///< fetch everything: the digest differs
    bool synchronized = false;  ///< its owner says so of itself

    bool behind() const { return wrong || replica.tree().version() < advertised; }
  };
  /// One statedump: a single member is asked for everything.
  struct Dump {
    MemberId source{};
    Pursuit pursuit;
    MemberKey owner;
    Version cursor = 0;
    bool active() const { return pursuit.state() != Pursuit::State::idle; }
  };

  void answer_owner(Packet& packet, wire::SyncAnswer& head, const wire::SyncRequest& request);
  void answer_everything(Packet& packet, wire::SyncAnswer& head, const wire::SyncRequest& request);

  void want(TimeNs now, Copy& copy);
  void want_all(TimeNs now);
  void ask(TimeNs now, Copy& copy);
  void send_request(const Endpoint& to, const wire::SyncRequest& request);
  void take_page(TimeNs now, Copy& copy, const wire::SectionView& section);
  void settle(TimeNs now, Copy& copy, Replica::Page page);

  bool begin_dump(TimeNs now);
  void ask_dump(TimeNs now);
  void take_dump_page(TimeNs now, const wire::SyncAnswerView& answer);
  void end_dump(TimeNs now);

  Copy* find(MemberId owner) const;
  void due_at(TimeNs due) { next_due_ns_ = std::min(next_due_ns_, due); }
  void check_synchronized();

  const DirectoryConfig& config_;
  Endpoint group_;
  Outbox& outbox_;
  Events& events_;
  Random random_;
  OwnTree own_;
  std::map<MemberId, Copy> copies_;  // ordered: a statedump goes through it by ascending id
  std::unordered_map<MemberId, Copy*> by_owner_;  // of copies_: heartbeats look it up
  MemberId lacking_{};  // once found not to be synchronized with: looked at first
  Dump dump_;
  TimeNs next_due_ns_ = never_ns;  // no pursuit is due before this
  bool active_ = false;
  bool synchronized_ = false;
  DirectoryStats stats_;
};

}  // namespace muster
