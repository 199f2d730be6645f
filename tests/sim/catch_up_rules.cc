#include "tests/sim/catch_up_rules.h"

#include <algorithm>

namespace muster::sim {
namespace {

/// Clocks differ by less than this share.
constexpr double drift_max = 0.001;
/// Attempts after which the timeout is doubled no more (docs/protocol.md §6.5).
constexpr std::uint32_t doublings_max = 4;

DurationNs shorter(DurationNs duration) {
  return static_cast<DurationNs>(static_cast<double>(duration) * (1 - drift_max));
}

}  // namespace

void CatchUpRules::started_anew(const Process& process) {
  for (auto& [whom, asked] : books_[process.server()].asked)
    asked.open = asked.open && !superseded(process, whom.second, asked);
}

void CatchUpRules::arrives(const Process& process, const wire::Parsed& packet,
                           const Endpoint& from) {
  handling_ = Handling{.process = &process};
  if (const auto* request = std::get_if<const wire::SyncRequest*>(&packet.body))
    hear_request(process, **request, from);
  else if (const auto* answer = std::get_if<wire::SyncAnswerView>(&packet.body))
    hear_answer(process, wire::sender_of(*packet.header).id, *answer->body);
}

void CatchUpRules::handled() {
  if (!handling_) return;
  const Process& process = *handling_->process;
  if (handling_->answered && stopped(process))
    for (auto& [whom, asked] : books_[process.server()].asked)
      if (asked.request == handling_->answered) asked.open = false;
  handling_.reset();
}

/// Like a hole, such a page is the answer's last; what follows may wait for the application.
bool CatchUpRules::stopped(const Process& process) const {
  // What would outgrow the copy's limit ends the fetch, until the next heartbeat.
  if (process.member().directory().stats().too_large > handling_->refused) return true;
  if (!handling_->before) return false;
  const Replica* replica = process.member().directory().replica(handling_->whose);
  // It begins anew, or first makes room.
  return replica != nullptr && !replica->settled() &&
         (replica->place() == Place{} || replica->place() == *handling_->before);
}

void CatchUpRules::transmitted(const Process& process, const wire::Parsed& packet,
                               const Endpoint& to) {
  if (const auto* request = std::get_if<const wire::SyncRequest*>(&packet.body))
    check_request(process, **request, to);
  else if (std::holds_alternative<wire::SyncAnswerView>(packet.body))
    check_answer(process);
  else if (std::holds_alternative<wire::AdvertisementView>(packet.body) && handling_)
    check_repair(process, packet.header->packet_number);
}

// The one who asks.

/// docs/protocol.md §6.5.
void CatchUpRules::check_request(const Process& process, const wire::SyncRequest& request,
                                 const Endpoint& to) {
  const auto owner = roster_.find(to);
  if (!owner) return;
  const auto scope = wire::SyncScope{request.scope};
  Asked& asked = books_[process.server()].asked[{*owner, scope}];
  const bool because_of_its_answer = handling_ && handling_->answered == asked.request;
  if (asked.open && !because_of_its_answer && !superseded(process, scope, asked)) {
    const DurationNs elapsed = verdict_.now() - asked.at;
    if (elapsed < shorter(asked.timeout_ns))
      verdict_.fail("I5", "m{} asks m{} again after {} us, and waits for an answer for {} us",
                    process.server(), *owner, elapsed / us, asked.timeout_ns / us);
  } else {
    asked.attempts = 0;
  }
  const Replica* replica = process.member().directory().replica(roster_.id(*owner));
  asked = {.request = request.request,
           .owner = replica == nullptr ? MemberKey{} : replica->owner(),
           .version = replica == nullptr ? 0 : replica->tree().version(),
           .at = verdict_.now(),
           .timeout_ns = directory_.request_timeout_ns << std::min(asked.attempts, doublings_max),
           .attempts = asked.attempts + 1,
           .open = true};
}

/// What was asked for has come by itself, or is not wanted any more.
bool CatchUpRules::superseded(const Process& process, wire::SyncScope scope,
                              const Asked& asked) const {
  const Directory& directory = process.member().directory();
  if (scope == wire::SyncScope::everything) return directory.synchronized();
  const Replica* replica = directory.replica(asked.owner.id);
  return replica == nullptr || replica->owner() != asked.owner ||
         (replica->settled() && replica->tree().version() > asked.version);
}

void CatchUpRules::hear_answer(const Process& process, MemberId sender,
                               const wire::SyncAnswer& answer) {
  const auto owner = roster_.find(sender);
  if (!owner) return;
  handling_->refused = process.member().directory().stats().too_large;
  for (const auto scope : {wire::SyncScope::owner, wire::SyncScope::everything}) {
    const auto found = books_[process.server()].asked.find({*owner, scope});
    if (found == books_[process.server()].asked.end()) continue;
    Asked& asked = found->second;
    if (!asked.open || asked.request != answer.request) continue;
    handling_->answered = asked.request;
    if (answer.page < asked.pages) continue;
    const Replica* replica = process.member().directory().replica(sender);
    if (scope == wire::SyncScope::owner && replica != nullptr) {
      handling_->whose = sender;
      handling_->before = replica->place();
    }
    asked.open =
        answer.page == asked.pages && (answer.flags & (wire::answer_last | wire::answer_end)) == 0;
    // Who asks again as soon as its application is ready does not take what comes until then.
    if (verdict_.now() - asked.at < shorter(asked.timeout_ns)) asked.at = verdict_.now();
    asked.attempts = 0;
    ++asked.pages;
  }
}

void CatchUpRules::check_answered(const Process& process) const {
  for (const auto& [whom, asked] : books_[process.server()].asked)
    if (asked.open && !superseded(process, whom.second, asked))
      verdict_.fail("I5", "a request of m{} to m{} was neither answered nor superseded",
                    process.server(), whom.first);
}

// The one who answers.

void CatchUpRules::hear_request(const Process& process, const wire::SyncRequest& request,
                                const Endpoint& from) {
  handling_->request = request;
  std::deque<Missed>& missed = books_[process.server()].missed;
  const auto window = static_cast<DurationNs>(
      static_cast<double>(2 * directory_.request_jitter_ns) * (1 + drift_max));
  while (!missed.empty() && missed.front().at + window < verdict_.now()) missed.pop_front();
  missed.push_back({verdict_.now(), from, request.since_version});
}

/// No request costs more than it asks for.
void CatchUpRules::check_answer(const Process& process) {
  spend(process);
  if (!handling_ || !handling_->request) return;  // whom it answers is another rule
  const std::uint32_t most =
      std::min<std::uint32_t>(handling_->request->pages, directory_.answer_pages_max);
  if (++handling_->answers > most)
    verdict_.fail("I5", "m{} sends more than {} packets for one request", process.server(), most);
}

/// A packet more; all together cost what a bucket of one millisecond gives.
void CatchUpRules::spend(const Process& process) {
  Book& book = books_[process.server()];
  const double per_ms = directory_.answer_packets_per_ms;
  const auto elapsed = static_cast<double>(verdict_.now() - book.earned_at);
  book.earned_at = verdict_.now();
  book.unpaid_packets =
      std::max(0.0, book.unpaid_packets - elapsed * per_ms / ms * (1 + drift_max)) + 1;
  if (book.unpaid_packets > per_ms + 1)
    verdict_.fail("I5", "m{} spends more than {} packets a millisecond on answers and repairs",
                  process.server(), directory_.answer_packets_per_ms);
}

/// docs/protocol.md §6.9.
void CatchUpRules::check_repair(const Process& process, std::uint64_t packet_number) {
  if (!handling_->request) return;
  const bool first = handling_->repairs.empty();
  if (!handling_->repairs.insert(packet_number).second) return;
  spend(process);
  if (handling_->repairs.size() > OwnTree::repeated_packets_max)
    verdict_.fail("I5", "m{} repairs by more than {} packets", process.server(),
                  OwnTree::repeated_packets_max);
  if (!first) return;
  Book& book = books_[process.server()];
  const Version since = handling_->request->since_version;
  if (!enough_missed_it(book, since))
    verdict_.fail("I4", "m{} says to all what fewer than {} have missed", process.server(),
                  directory_.repair_threshold);
  book.repairs = since == book.repaired ? book.repairs + 1 : 1;
  if (since < book.repaired || book.repairs > Repair::times_max)
    verdict_.fail("I5", "m{} says to all once more what follows version {}, after {}",
                  process.server(), since, book.repaired);
  book.repaired = since;
}

bool CatchUpRules::enough_missed_it(const Book& book, Version since) const {
  std::set<Endpoint> requesters;
  for (const Missed& missed : book.missed)
    if (missed.since == since) requesters.insert(missed.by);
  return directory_.repair_threshold > 0 && requesters.size() >= directory_.repair_threshold;
}

}  // namespace muster::sim
