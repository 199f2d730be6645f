#include "tests/sim/application.h"

#include <algorithm>
#include <cstring>

#include <xxhash.h>

#include "cluster/messaging/send.h"

namespace muster::sim {
namespace {

/// The only right answer to a call.
std::uint64_t answer_of(CallId call) { return XXH3_64bits(&call, sizeof call); }

constexpr const char* outcomes[] = {"ok", "no such service", "failed", "deadline",
                                    "member removed"};
constexpr const char* standings[] = {"idle", "joining", "a member", "refused", "replaced", "left"};
constexpr const char* reasons[] = {"left", "died", "was replaced"};

}  // namespace

Application::Application(const Shared& shared, std::size_t self, Incarnation incarnation,
                         Watcher& watcher, std::uint64_t seed)
    : shared_(shared), self_(self), incarnation_(incarnation), watcher_(watcher), dice_(seed) {}

Party Application::party(const MemberKey& member) const {
  return {shared_.roster.find(member.id).value_or(self_), member.incarnation};
}

void Application::on_standing(Standing standing) {
  shared_.trace.say(shared_.verdict.now(), self_, "is {}",
                    standings[static_cast<std::size_t>(standing)]);
  if (standing == Standing::refused || standing == Standing::replaced)
    shared_.verdict.fail("I8", "m{} is shut out ({}), though nobody else has its name", self_,
                         standings[static_cast<std::size_t>(standing)]);
}

void Application::on_joined(const MemberInfo& member) {
  shared_.trace.say(shared_.verdict.now(), self_, "sees {} join as {}", member.name,
                    member.key.incarnation);
  watcher_.joined(member.key);
}

void Application::on_suspected(const MemberInfo& member) {
  shared_.trace.say(shared_.verdict.now(), self_, "suspects {}", member.name);
  watcher_.named(member.key, "suspected");
}

void Application::on_refuted(const MemberInfo& member) {
  shared_.trace.say(shared_.verdict.now(), self_, "no longer suspects {}", member.name);
  watcher_.named(member.key, "refuted");
}

void Application::on_removed(const MemberInfo& member, RemovalReason reason) {
  shared_.trace.say(shared_.verdict.now(), self_, "removes {} ({}): it {}", member.name,
                    member.key.incarnation, reasons[static_cast<std::size_t>(reason)]);
  watcher_.removed(member.key, reason);
  shared_.conversations.ended(self(), party(member.key));
}

void Application::on_bound(const Binding& binding) {
  shared_.trace.say(shared_.verdict.now(), self_, "hears m{} bind {} at version {}",
                    party(binding.owner).server, binding.path, binding.version);
  const Replica* copy = member_->directory().replica(binding.owner.id);
  watcher_.bound(binding, copy == nullptr || copy->settled());
}

void Application::on_withdrawn(const Binding& binding) {
  shared_.trace.say(shared_.verdict.now(), self_, "hears m{} withdraw {}",
                    party(binding.owner).server, binding.path);
  watcher_.withdrawn(binding);
}

void Application::on_batch_begin(const MemberKey& owner) { watcher_.batch_begins(owner); }

void Application::on_batch_end(const MemberKey& owner) { watcher_.batch_ends(owner); }

void Application::on_synchronized() {
  shared_.trace.say(shared_.verdict.now(), self_, "is synchronized");
  watcher_.synchronized(*member_);
}

/// Is there room for one more? If so it may keep the packet.
bool Application::takes(Packet& packet) {
  const TimeNs now = shared_.verdict.now();
  const DurationNs moment = shared_.scenario.heartbeat_ns();
  if (calm_) return true;
  if (now >= busy_until_ && dice_.chance(shared_.scenario.refuse))
    busy_until_ = now + dice_.below(3 * moment);
  if (busy()) return false;
  if (dice_.chance(shared_.scenario.keep)) {
    port_->retain(packet);
    kept_.push_back({&packet, now + dice_.below(moment)});
  }
  return true;
}

bool Application::on_message(const MemberKey& from, std::span<const std::byte> payload,
                             Packet& packet) {
  watcher_.named(from, "message");
  if (!takes(packet)) return false;
  shared_.trace.say(shared_.verdict.now(), self_, "takes a message of m{}", party(from).server);
  shared_.conversations.accepted(self(), party(from), payload);
  return true;
}

bool Application::on_request(const MemberKey& from, CallId call, std::string_view path,
                             std::span<const std::byte> payload, Packet& packet) {
  watcher_.named(from, "request");
  if (!takes(packet)) return false;
  shared_.trace.say(shared_.verdict.now(), self_, "takes a request of m{} for {}",
                    party(from).server, path);
  shared_.conversations.accepted(self(), party(from), payload);
  if (dice_.chance(50'000)) return true;  // and forgets it
  const bool fails = dice_.chance(100'000);
  owed_.push_back({from, call, fails ? CallStatus::failed : CallStatus::ok,
                   shared_.verdict.now() + shared_.scenario.call_deadline_max_ns});
  return true;
}

void Application::on_response(CallId call, CallOutcome outcome, std::span<const std::byte> payload,
                              Packet* packet) {
  shared_.trace.say(shared_.verdict.now(), self_, "call {:x} ends: {}", call,
                    outcomes[static_cast<std::size_t>(outcome)]);
  if (calls_.erase(call) == 0)
    return shared_.verdict.fail("I11", "m{} was told twice, or unasked, how call {:x} ended", self_,
                                call);
  const bool answered = outcome == CallOutcome::ok || outcome == CallOutcome::failed;
  const std::uint64_t right = answer_of(call);
  const bool intact =
      payload.size() == sizeof right && std::memcmp(payload.data(), &right, sizeof right) == 0;
  if (answered != (packet != nullptr) || (answered && !intact))
    shared_.verdict.fail("I11", "m{} was given a wrong answer to call {:x}", self_, call);
}

void Application::on_undelivered(const MemberKey& to, std::size_t messages) {
  shared_.trace.say(shared_.verdict.now(), self_, "has {} undelivered messages to m{}", messages,
                    party(to).server);
  watcher_.named(to, "undelivered");
  shared_.conversations.undelivered(self(), party(to), messages);
}

void Application::work(TimeNs now, TimeNs local_now) {
  std::erase_if(owed_,
                [&](const Owed& owed) { return now > owed.until || answer(local_now, owed); });
  std::erase_if(kept_, [&](const Kept& kept) {
    const bool done = calm_ || now >= kept.until;
    if (done) port_->release(*kept.packet);
    return done;
  });
}

bool Application::answer(TimeNs local_now, const Owed& owed) {
  Packet* packet = port_->allocate();
  if (packet == nullptr) return false;
  const std::uint64_t right = answer_of(owed.call);
  std::memcpy(packet->data + response_offset, &right, sizeof right);
  const SendResult result =
      member_->reply(local_now, owed.to, owed.call, owed.status, *packet, sizeof right);
  if (result != SendResult::sent) port_->release(*packet);
  return result != SendResult::would_block;
}

void Application::release_all() {
  for (const Kept& kept : kept_) port_->release(*kept.packet);
  kept_.clear();
}

}  // namespace muster::sim
