// The directory as one member sees it: its own tree, a copy of every other live member's, and
// the conversations that keep the copies true (docs/protocol.md, "Directory").
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cluster/config.h"
#include "cluster/directory/own_tree.h"
#include "cluster/directory/pursuit.h"
#include "cluster/directory/repair.h"
#include "cluster/directory/replica.h"
#include "cluster/events.h"
#include "cluster/outbox.h"
#include "cluster/random.h"
#include "cluster/timer_queue.h"
#include "cluster/token_bucket.h"
#include "cluster/wire/parse.h"

namespace muster {

struct DirectoryStats {
  std::uint64_t gaps = 0;          ///< advertisements or heartbeats that showed something missing
  std::uint64_t wrong_copies = 0;  ///< copies whose digest was not the owner's
  std::uint64_t requests = 0;      ///< sent
  std::uint64_t answers = 0;       ///< pages sent
  std::uint64_t over_budget = 0;   ///< requests not answered: too many at once
  std::uint64_t repairs = 0;       ///< changes advertised once more, for many who asked
  std::uint64_t holes = 0;         ///< pages that were missing when a later one came
  std::uint64_t catch_ups = 0;     ///< conversations that ended with the copy up to date
  std::uint64_t sources_abandoned = 0;  ///< of a statedump, that died or fell silent
  std::uint64_t too_large = 0;          ///< changes refused because a tree would outgrow its limit
};

class Directory {
 public:
  Directory(const DirectoryConfig& config, const Endpoint& group, Outbox& outbox,
            DirectoryEvents& events, std::uint64_t seed);

  BindResult bind(std::string_view path, const Content& content) {
    return own_.bind(path, content);
  }
  BindResult withdraw(std::string_view path) { return own_.withdraw(path); }
  BindResult withdraw_all(TimeNs now);
  BindResult apply(const Batch& batch) { return own_.apply(batch); }

  /// What a member says of its own tree in each heartbeat.
  struct Advertised {
    Version version = 0;
    std::uint64_t digest = 0;
    bool synchronized = false;
  };
  void add_member(const MemberKey& key, const Endpoint& endpoint);
  /// Withdraws its bindings, then tells of its removal: at once, or later and over several calls
  /// where the application lags, or DirectoryConfig::bindings_per_step are used up: all removals
  /// until the next on_deadline() share them.
  void remove_member(TimeNs now, const MemberInfo& member, RemovalReason reason);
  /// The application has not heard yet that the last of this member has gone.
  bool still_leaving(MemberId id) const;
  std::size_t leaving() const { return leaving_.size(); }

  void on_heartbeat(TimeNs now, MemberId from, const Advertised& advertised);
  void on_advertisement(TimeNs now, MemberId from, const wire::AdvertisementView& advertisement);
  void on_request(TimeNs now, const wire::SyncRequest& request, const Endpoint& from);
  void on_answer(TimeNs now, MemberId from, const wire::SyncAnswerView& answer);

  TimeNs next_deadline() const { return std::min(next_due_ns_, timers_.next_ns()); }
  void on_deadline(TimeNs now);
  void transmit(TimeNs now);

  /// This member has joined: from now on it asks for what it misses.
  void activate(TimeNs now);
  /// This member speaks as another incarnation from now on.
  void reincarnate(TimeNs now, const MemberKey& as);

  const Tree& own() const { return own_.tree(); }
  /// The copy of a live member's tree; nullptr where there is no such member.
  const Replica* replica(MemberId owner) const;
  bool synchronized() const { return synchronized_; }
  const DirectoryStats& stats() const { return stats_; }

 private:
  /// How long whatever tells the application much waits for it while it lags behind.
  static constexpr DurationNs pause_ns = 100 * us;

  struct Copy : Timer {
    Copy(const MemberKey& owner, const Endpoint& at, const DirectoryConfig& config,
         DirectoryEvents& events)
        : replica(owner, config, events), endpoint(at) {}

    Replica replica;
    Endpoint endpoint;
    Pursuit pursuit;
    Version advertised = 0;     ///< the highest version heard of
    Version target = 0;         ///< the version at which it counts as synchronized
    bool heard = false;         ///< a heartbeat has told a version
    bool wrong = false;         ///< fetch everything: the digest differs
    bool sweeping = false;      ///< all pages have come, and what they did not name goes
    bool synchronized = false;  ///< its owner says so of itself

    bool behind() const {
      return wrong || !replica.settled() || replica.tree().version() < advertised;
    }
    /// Advertisements have brought a part of what is to be asked for. Not of a whole tree.
    bool moved_on() const {
      const Version since = replica.place().since;
      return replica.settled() && since > 0 && replica.tree().version() > since;
    }
    /// Or of what was asked for: no answer need come.
    bool overtaken() const { return pursuit.state() == Pursuit::State::outstanding && moved_on(); }
    bool reached_target() const {
      return heard && !wrong && replica.settled() && replica.tree().version() >= target;
    }
  };
  /// One statedump: a single member is asked for everything.
  struct Dump {
    MemberId source{};
    std::vector<MemberId> tried;
    Pursuit pursuit;
    MemberKey owner;
    Place place;
    std::uint32_t strange_pages = 0;  ///< that brought nothing of a member
    bool active() const { return pursuit.state() != Pursuit::State::idle; }
    /// Grows from page to page.
    auto position() const {
      return std::tuple(owner.id, owner.incarnation, place.cursor, place.part_version,
                        place.part_offset);
    }
  };
  using Copies = std::map<MemberId, Copy>;  // ordered: a statedump goes by ascending id
  /// A removed member whose bindings go in steps.
  struct Leaving {
    Copies::node_type copy;
    std::string name;
    RemovalReason reason;
  };
  /// How far an answer has come.
  struct Answering {
    MemberKey owner;
    Place place;
  };

  bool served_by_repair(TimeNs now, const wire::SyncRequest& request, const Endpoint& from);
  const Tree* tree_of(const MemberKey& owner) const;
  bool answer_owner(Packet& packet, wire::SyncAnswer& head, Answering& at);
  bool answer_everything(Packet& packet, wire::SyncAnswer& head, Answering& at);

  void want(TimeNs now, Copy& copy);
  void want_all(TimeNs now);
  void pursue(TimeNs now, Copy& copy);
  void ask(TimeNs now, Copy& copy);
  void send_request(const Endpoint& to, const wire::SyncRequest& request);
  void take_page(TimeNs now, Copy& copy, const wire::SyncAnswerView& answer);
  void after_page(TimeNs now, Copy& copy, Replica::Page page);

  bool begin_dump(TimeNs now);
  bool choose_source();
  void ask_dump(TimeNs now);
  void take_dump_page(TimeNs now, const wire::SyncAnswerView& answer);
  bool take_dump_section(TimeNs now, const wire::SectionView& section);
  void abandon_source(TimeNs now);
  void end_dump(TimeNs now);

  bool tell_leaving(Leaving& member, std::size_t& bindings);
  void step(TimeNs now);
  void step_at(TimeNs due);

  Copy* find(MemberId owner) const;
  void arm(Copy& copy) { timers_.arm(copy, copy.pursuit.due_ns()); }
  void due_at(TimeNs due) { next_due_ns_ = std::min(next_due_ns_, due); }
  void check_synchronized();

  const DirectoryConfig& config_;
  Endpoint group_;
  Outbox& outbox_;
  DirectoryEvents& events_;
  Random random_;
  OwnTree own_;
  TokenBucket budget_;  // of packets with answers and repairs (I5)
  Repair repair_;
  Copies copies_;
  std::unordered_map<MemberId, Copy*> by_owner_;  // of copies_: heartbeats look it up
  MemberId lacking_{};  // once found not to be synchronized with: looked at first
  std::list<Leaving> leaving_;
  Dump dump_;
  TimerQueue<Copy> timers_;        // of the copies that are pursued
  TimeNs next_due_ns_ = never_ns;  // nothing else is due before this
  TimeNs step_due_ns_ = never_ns;  // what goes in steps goes on then
  std::size_t step_left_;          // of bindings_per_step, until then
  bool active_ = false;
  bool synchronized_ = false;
  DirectoryStats stats_;
};

}  // namespace muster
