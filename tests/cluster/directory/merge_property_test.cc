// Whatever becomes of advertisements and pages on their way, in whatever order: a copy that is
// settled is the owner's tree at its version, the application has been shown nothing else, and in
// the end it is the owner's tree as it stands (I1, I2).
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cluster/directory/own_tree.h"
#include "cluster/directory/replica.h"
#include "tests/cluster/support/memory_port.h"
#include "tests/cluster/support/segment.h"

namespace muster {
namespace {

using test::bytes;
using test::text;
using Content = std::map<std::string, std::string>;

constexpr MemberKey owner{MemberId{1}, 1};
constexpr std::uint64_t cluster = 7;
constexpr Endpoint group{0xef4d0001, 7777};

/// The tree as an application sees it: a batch shows when it ends.
class View final : public test::Listener {
 public:
  void on_bound(const Binding& binding) override {
    change([path = std::string(binding.path), value = text(binding.value)](Content& content) {
      content[path] = value;
    });
  }
  void on_withdrawn(const Binding& binding) override {
    change([path = std::string(binding.path)](Content& content) {
      RC_ASSERT(content.erase(path) == 1U);
    });
  }
  void on_batch_begin(const MemberKey&) override {
    RC_ASSERT(!in_batch);
    in_batch = true;
  }
  void on_batch_end(const MemberKey&) override {
    RC_ASSERT(in_batch);
    in_batch = false;
    for (const auto& each : waiting_) each(shown);
    waiting_.clear();
  }
  Content shown;
  bool in_batch = false;

 private:
  void change(const std::function<void(Content&)>& each) {
    if (in_batch)
      waiting_.push_back(each);
    else
      each(shown);
  }
  std::vector<std::function<void(Content&)>> waiting_;
};

/// An owner, one who follows it, another one who answers for the owner, and all that was ever said
/// between them.
class Pair {
 public:
  Pair(std::size_t log_bytes, std::size_t tombstone_bytes, std::uint32_t step) {
    config_.change_log_bytes_max = log_bytes;
    config_.tombstone_bytes_max = tombstone_bytes;
    config_.bindings_per_step = step;
  }

  void act() {
    using Action = void (Pair::*)();
    (this->*(*rc::gen::element<Action>(
                &Pair::bind, &Pair::bind, &Pair::withdraw, &Pair::batch, &Pair::withdraw_all,
                &Pair::advertise, &Pair::advertise, &Pair::deliver, &Pair::deliver, &Pair::deliver,
                &Pair::begin_fetch, &Pair::fetch, &Pair::fetch, &Pair::answer, &Pair::answer,
                &Pair::deliver_page, &Pair::deliver_page, &Pair::update_holder, &Pair::sweep)))();
    check();
  }
  /// No more loss: the copy must become the tree.
  void finish() {
    for (int pages = 0; !equal() || !replica_.settled(); ++pages) {
      RC_ASSERT(pages < 10'000);
      if (sweeping_) {
        sweep();
      } else {
        if (!fetching_) begin_fetch();
        fetch();
      }
      check();
    }
  }

 private:
  // What the owner does.

  static std::string some_path() {
    return std::string("/").append(std::to_string(*rc::gen::inRange(0, 12)));
  }
  static std::string some_value() {
    const auto size = *rc::gen::weightedElement<std::size_t>({{6, 3}, {3, 100}, {1, 3000}});
    return std::string(size, static_cast<char>(*rc::gen::inRange<int>('a', 'z')));
  }
  void bind() {
    own_.bind(some_path(), {{}, bytes(some_value())});
    remember();
  }
  void withdraw() {
    own_.withdraw(some_path());
    remember();
  }
  void withdraw_all() {
    if (*rc::gen::inRange(0, 4) == 0) own_.withdraw_all();
    remember();
  }
  void batch() {
    Batch batch;
    for (int left = *rc::gen::inRange(0, 6); left > 0; --left) {
      if (*rc::gen::arbitrary<bool>())
        batch.bind(some_path(), bytes(some_value()));
      else
        batch.withdraw(some_path());
    }
    own_.apply(batch);
    remember();
  }
  void remember() {
    Content content;
    for (const TreeEntry& entry : own_.tree())
      if (entry.bound) content[std::string(entry.path)] = text(entry.content().value);
    history_[own_.tree().version()] = content;
  }

  // What goes between them.

  void advertise() {
    own_.advertise(group);
    for (auto& sent : port_.take_transmitted()) said_.push_back(std::move(sent.bytes));
  }
  using Packets = std::vector<std::vector<std::byte>>;
  /// The latest ones more often; perhaps not for the first time.
  static const std::vector<std::byte>& one_of(const Packets& packets) {
    const auto back = *rc::gen::inRange<std::size_t>(0, std::min<std::size_t>(8, packets.size()));
    return packets[packets.size() - 1 - back];
  }
  void deliver() {
    if (said_.empty()) return;
    wire::Parsed parsed;
    RC_ASSERT(!wire::parse(one_of(said_), cluster, parsed));
    const auto applied = replica_.apply(std::get<wire::AdvertisementView>(parsed.body));
    if (applied == Replica::Applied::sweeping) sweeping_ = fetching_ = true;
  }
  void begin_fetch() {
    replica_.begin_fetch(*rc::gen::inRange(0, 4) == 0);
    fetching_ = true;
  }
  /// The answer comes at once.
  void fetch() {
    Place place = replica_.place();
    took(take_into(replica_, next_page(own_.tree(), place)));
  }
  /// It has some pages, which are under way: for ever, or until they are delivered.
  void answer() {
    const Tree& tree = *rc::gen::arbitrary<bool>() ? own_.tree() : holder_.tree();
    Place place = replica_.place();
    for (int left = *rc::gen::inRange(1, 5); left > 0; --left)
      pages_.push_back(next_page(tree, place));
  }
  void deliver_page() {
    if (!pages_.empty()) took(take_into(replica_, one_of(pages_)));
  }
  /// The other holder fetches from the owner: it is not as old for a while.
  void update_holder() {
    holder_.begin_fetch(false);
    Replica::Page page{};
    do {
      Place place = holder_.place();
      page = take_into(holder_, next_page(own_.tree(), place));
      while (page == Replica::Page::sweeping) page = holder_.sweep(3);
    } while (page != Replica::Page::settled);
  }
  std::vector<std::byte> next_page(const Tree& tree, Place& place) {
    Packet& packet = *outbox_.open(wire::Type::sync_answer);
    packet.capacity = 600;  // so that little content makes many pages
    auto& head =
        append(packet, wire::SyncAnswer{.request = 0, .page = 0, .flags = 0, .sections = 0});
    if (append_section(packet, owner, tree, place) != Written::nothing) head.sections = 1;
    std::vector<std::byte> page(packet.data, packet.data + packet.size);
    port_.release(packet);
    return page;
  }
  static Replica::Page take_into(Replica& replica, const std::vector<std::byte>& page) {
    wire::Parsed parsed;
    RC_ASSERT(!wire::parse(page, cluster, parsed));
    const auto& sections = std::get<wire::SyncAnswerView>(parsed.body).sections;
    return sections.empty() ? Replica::Page::unexpected : replica.take(*sections.begin());
  }
  void sweep() {
    if (sweeping_) took(replica_.sweep(3));
  }
  void took(Replica::Page page) {
    sweeping_ = page == Replica::Page::sweeping || (sweeping_ && !Replica::ends_fetch(page));
    if (Replica::ends_fetch(page) && !sweeping_) fetching_ = false;
    if (page == Replica::Page::taken || page == Replica::Page::again) fetching_ = true;
    RC_ASSERT(page != Replica::Page::wrong && page != Replica::Page::too_large);
  }

  // What must hold.

  bool equal() const {
    return replica_.tree().version() == own_.tree().version() &&
           replica_.tree().digest() == own_.tree().digest();
  }
  void check() {
    RC_ASSERT(replica_.tree().version() >= version_seen_);
    version_seen_ = replica_.tree().version();
    if (!replica_.settled()) return;
    RC_ASSERT(!view_.in_batch);
    RC_ASSERT(history_.count(version_seen_) == 1U);  // no version within a batch
    RC_ASSERT(view_.shown == history_.at(version_seen_));
    Content held;
    for (const TreeEntry& entry : replica_.tree())
      if (entry.bound) held[std::string(entry.path)] = text(entry.content().value);
    RC_ASSERT(held == history_.at(version_seen_));
  }

  DirectoryConfig config_;
  test::MemoryPort port_;
  Outbox outbox_{port_, {.cluster = cluster, .self = owner}};
  struct Deaf final : test::Listener {
    void on_bound(const Binding&) override {}
    void on_withdrawn(const Binding&) override {}
    void on_batch_begin(const MemberKey&) override {}
    void on_batch_end(const MemberKey&) override {}
  } deaf_;
  OwnTree own_{config_, outbox_, deaf_};
  View view_;
  Replica replica_{owner, config_, view_};
  Replica holder_{owner, config_, deaf_};  // who answers as well
  std::map<Version, Content> history_{{0, {}}};
  Packets said_;
  Packets pages_;
  Version version_seen_ = 0;
  bool sweeping_ = false;
  bool fetching_ = false;
};

RC_GTEST_PROP(Merge, EndsInTheOwnersTreeWhateverIsLostOrComesTwice, ()) {
  Pair pair(*rc::gen::element<std::size_t>(0, 500, 1 << 20),
            *rc::gen::element<std::size_t>(0, 300, 64 << 10),
            *rc::gen::element<std::uint32_t>(1, 1024));
  for (int left = *rc::gen::inRange(0, 120); left > 0; --left) pair.act();
  pair.finish();
}

}  // namespace
}  // namespace muster
