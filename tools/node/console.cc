#include "tools/node/console.h"

#include <array>
#include <chrono>
#include <sstream>

#include <fmt/format.h>

#include "tools/fabric/frame_info.h"

namespace muster::node_command {
namespace {

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

constexpr const char* help =
    "advertise PATH [VALUE] | withdraw PATH | serve PATH | send MEMBER TEXT | call PATH TEXT | "
    "ping MEMBER [COUNT] | members | tree | state | stats | leave";

constexpr DurationNs call_deadline_ns = 2 * second;

const char* word(Exhausted what) {
  static constexpr std::array words = {"would block: try again",
                                       "the channel to it is full: try again",
                                       "no packet is free: try again, or raise limits.pool_packets",
                                       "the ring to the engine is full: try again",
                                       "too many long messages wait: try again",
                                       "too many calls are in flight: try again",
                                       "a subscriber is slow: try again"};
  static_assert(words.size() == static_cast<std::size_t>(Exhausted::subscriber) + 1);
  return words[static_cast<std::size_t>(what)];
}

const char* word(SendResult result) {
  if (result == SendResult::would_block) return word(result.exhausted());
  static constexpr std::array words = {"sent",          "would block", "no such member or service",
                                       "too large",     "is no path",  "no such channel",
                                       "no such topic", "no buffer",   "this member has left"};
  static_assert(words.size() == static_cast<std::size_t>(SendResult::closed) + 1);
  return words[static_cast<std::size_t>(result)];
}

const char* word(CallOutcome outcome) {
  static constexpr std::array words = {"ok",       "no such service", "failed", "refused",
                                       "deadline", "member removed",  "closed"};
  static_assert(words.size() == static_cast<std::size_t>(CallOutcome::closed) + 1);
  return words[static_cast<std::size_t>(outcome)];
}

ordered_json publishing_of(const NodeStats& stats) {
  const PublishingStats& topics = stats.publishing;
  return {{"packets_published", topics.packets_published},
          {"packets_to_group", topics.packets_to_group},
          {"packets_repaired", topics.packets_repaired},
          {"subscribers_dropped", topics.subscribers_dropped},
          {"values_skipped", topics.values_skipped},
          {"packets_delivered", topics.packets_delivered},
          {"packets_lost", topics.packets_broken},
          {"reports_sent", topics.reports_sent},
          {"messages_delivered", stats.publications_delivered}};
}

}  // namespace

void Console::command(std::string_view line) {
  std::istringstream in{std::string(line)};
  std::string verb, first, rest;
  in >> verb >> first >> std::ws;
  std::getline(in, rest);
  if (verb.empty()) return;
  if (verb == "advertise")
    check(node_->advertise(first, rest), first);
  else if (verb == "withdraw")
    check(node_->withdraw(first), first);
  else if (verb == "serve")
    serve_echo(first);
  else if (verb == "send")
    send(first, rest);
  else if (verb == "call")
    call(first, rest);
  else if (verb == "ping")
    pinger_.start(member_id(first),
                  static_cast<std::size_t>(std::clamp(std::atoi(rest.c_str()), 1, 1'000'000)));
  else if (verb == "members")
    say_members();
  else if (verb == "tree")
    say_tree();
  else if (verb == "state")
    say_state();
  else if (verb == "stats")
    say_stats();
  else if (verb == "leave")
    node_->leave();
  else
    output_.complain(fmt::format("{} is no command; say one of: {}", verb, help));
}

void Console::check(AdvertiseResult result, const std::string& path) {
  static constexpr std::array words = {"",
                                       "",
                                       "is no path: write /segment/segment, at most 255 bytes",
                                       "has a value of more than 64 KiB",
                                       "does not fit: this member's tree is full",
                                       "must wait: try again",
                                       "came too late: this member has left"};
  const std::string why = words[static_cast<std::size_t>(result)];
  if (!why.empty()) output_.complain(fmt::format("'{}' {}", path, why));
}

void Console::serve_echo(const std::string& path) {
  check(node_->serve(
            path, {},
            [](const Request& request, Responder responder) { responder.reply(request.payload); }),
        path);
}

void Console::send(const std::string& member, const std::string& message) {
  const SendResult result = node_->send(member_id(member), bytes(message));
  if (result != SendResult::sent)
    output_.say(
        {{"event", "unsent"}, {"member", member}, {"text", message}, {"reason", word(result)}});
}

void Console::call(const std::string& path, const std::string& payload) {
  const auto begin = std::chrono::steady_clock::now();
  const auto answered = [this, path, begin](CallOutcome outcome,
                                            std::span<const std::byte> answer) {
    const std::chrono::nanoseconds round_trip = std::chrono::steady_clock::now() - begin;
    output_.say({{"event", "response"},
                 {"path", path},
                 {"outcome", word(outcome)},
                 {"text", text(answer)},
                 {"round_trip_ns", round_trip.count()}});
  };
  const CallStart start = node_->call(path, bytes(payload), call_deadline_ns, answered);
  if (start.result != SendResult::sent)
    output_.complain(fmt::format("call of {}: {}", path, word(start.result)));
}

void Console::say_start() {
  const PortInfo& port = node_->port();
  output_.say({{"event", "port"},
               {"device", port.device},
               {"way", port.way},
               {"why", port.why},
               {"better", port.better},
               {"lowered", port.lowered},
               {"cautions", port.cautions},
               {"queues", port.queues}});
  const IdleChoice& waits = node_->waits();
  output_.say({{"event", "waits"}, {"idle", word(waits.idle)}, {"why", waits.why}});
}

void Console::say_members() {
  ordered_json members = ordered_json::object();
  for (const MemberView& member : node_->members())
    members[member.name] = to_string(member.endpoint);
  output_.say({{"event", "members"}, {"others", members}});
}

void Console::say_tree() {
  ordered_json tree = ordered_json::object();
  node_->list("/", [&](std::string_view path, const Bound& bound) {
    tree[std::string(path)][name_of(bound.owner.id)] = text(bound.value);
  });
  output_.say({{"event", "tree"}, {"names", tree}});
}

/// What members must agree on once all is quiet, as the protocol holds it and as lookups find it.
void Console::say_state() {
  ordered_json trees = ordered_json::object();
  for (const TreeStats& tree : node_->stats().trees)
    trees[name_of(tree.owner.id)] = {{"incarnation", tree.owner.incarnation},
                                     {"version", tree.version},
                                     {"digest", fmt::format("{:016x}", tree.digest)},
                                     {"names", tree.names}};
  std::map<std::pair<std::string, Incarnation>, std::size_t> owners;
  node_->list("/", [&](std::string_view, const Bound& bound) {
    ++owners[{name_of(bound.owner.id), bound.owner.incarnation}];
  });
  ordered_json bound = ordered_json::array();
  for (const auto& [owner, names] : owners)
    bound.push_back({{"owner", owner.first}, {"incarnation", owner.second}, {"names", names}});
  output_.say({{"event", "state"},
               {"incarnation", node_->self().incarnation},
               {"synchronized", node_->synchronized()},
               {"trees", trees},
               {"bound", bound}});
}

void Console::say_stats() {
  const NodeStats stats = node_->stats();
  const auto by_type = [](const auto& counts) {
    ordered_json named = ordered_json::object();
    for (std::size_t type = 0; type < counts.size(); ++type)
      if (counts[type] > 0)
        named[std::string(fabric::kind_name(fabric::PacketKind(type)))] = counts[type];
    return named;
  };
  ordered_json transport = ordered_json::object();
  for (const NamedCount& count : stats.transport)
    if (count.value > 0) transport[std::string(count.name)] = count.value;
  output_.say({{"event", "stats"},
               {"received", by_type(stats.packets_received)},
               {"sent", by_type(stats.packets_sent)},
               {"suspicions", stats.suspicions},
               {"removals", stats.removals},
               {"gaps", stats.gaps},
               {"catch_ups", stats.catch_ups},
               {"messages_sent", stats.messages_sent},
               {"messages_delivered", stats.messages_delivered},
               {"retransmitted", stats.packets_retransmitted},
               {"publishing", publishing_of(stats)},
               {"narrow_paths", stats.narrow_paths},
               {"stalls", stats.engine_stalls.count},
               {"away_ns", stats.away_ns},
               {"queues", node_->port().queues},
               {"transport", transport}});
}

std::string Console::name_of(MemberId id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? fmt::format("{:016x}", static_cast<std::uint64_t>(id))
                               : found->second;
}

// What the node tells.

void Console::on_standing(Standing standing) {
  static constexpr std::array words = {"idle", "joining", "member", "refused", "replaced", "left"};
  output_.say({{"event", "standing"}, {"standing", words[static_cast<std::size_t>(standing)]}});
  if (standing == Standing::replaced)
    failure_ =
        "another process has joined with this member's name; give one of the two another --name";
  if (standing == Standing::left || standing == Standing::replaced) done_ = true;
}
void Console::on_joined(const MemberInfo& member) {
  names_[member.key.id] = member.name;
  output_.say({{"event", "joined"},
               {"member", member.name},
               {"incarnation", member.key.incarnation},
               {"endpoint", to_string(member.endpoint)}});
}
void Console::on_suspected(const MemberInfo& member) {
  output_.say({{"event", "suspected"}, {"member", member.name}});
}
void Console::on_refuted(const MemberInfo& member) {
  output_.say({{"event", "refuted"}, {"member", member.name}});
}
void Console::on_removed(const MemberInfo& member, RemovalReason reason) {
  static constexpr std::array words = {"left", "died", "replaced"};
  pinger_.abandon(member.key.id);
  output_.say({{"event", "removed"},
               {"member", member.name},
               {"incarnation", member.key.incarnation},
               {"reason", words[static_cast<std::size_t>(reason)]}});
}
void Console::on_bound(const Binding& binding) {
  output_.say({{"event", "bound"},
               {"path", binding.path},
               {"value", text(binding.value)},
               {"owner", name_of(binding.owner.id)}});
}
void Console::on_withdrawn(const Binding& binding) {
  output_.say(
      {{"event", "withdrawn"}, {"path", binding.path}, {"owner", name_of(binding.owner.id)}});
}
void Console::on_synchronized() { output_.say({{"event", "synchronized"}}); }
void Console::on_message(const Message& message) {
  const MemberKey& from = message.from();
  const Message::Bytes payload = message.bytes();
  std::optional<Pinger::Result> completed;
  if (!pinger_.hear(*node_, from, payload, completed)) {
    output_.say({{"event", "message"},
                 {"from", name_of(from.id)},
                 {"incarnation", from.incarnation},
                 {"self", node_->self().incarnation},
                 {"text", text(payload)}});
  } else if (completed) {
    output_.say({{"event", "pinged"},
                 {"member", name_of(from.id)},
                 {"count", completed->round_trips_ns.size()},
                 {"p50_ns", completed->quantile(0.5)},
                 {"p99_ns", completed->quantile(0.99)}});
  }
}
void Console::on_undelivered(const Undelivered& undelivered) {
  output_.say({{"event", "undelivered"},
               {"member", name_of(undelivered.to.id)},
               {"first", undelivered.first},
               {"messages", undelivered.messages}});
}
void Console::on_path(const PathEvent& event) {
  output_.say({{"event", "path"},
               {"member", name_of(event.peer.id)},
               {"bytes", event.bytes},
               {"carries", event.carries}});
}
void Console::on_port_lost(std::string_view why) {
  if (lost_port_ == LostPort::waits) return output_.say({{"event", "port_lost"}, {"why", why}});
  failure_ = why;
  done_ = true;
}
void Console::on_overrun(std::string_view why) {
  failure_ = why;
  done_ = true;
}

}  // namespace muster::node_command
