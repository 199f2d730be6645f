#include "tests/sim/workload.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace muster::sim {

void Workload::act(Process& process, TimeNs local_now) {
  if (topic_dice_.chance(shared_.scenario.topic_work))
    process.application().topics().act(ledger_.current(process.server()));
  switch (WorkKind{static_cast<std::uint8_t>(dice_.weighted(shared_.scenario.work_weights))}) {
    case WorkKind::bind:
      return bind(process);
    case WorkKind::bind_many:
      for (std::uint64_t left = dice_.between(2, 30); left > 0; --left) bind(process);
      return;
    case WorkKind::batch:
      return batch(process);
    case WorkKind::withdraw:
      return withdraw(process);
    case WorkKind::withdraw_all:
      return withdraw_all(process, local_now);
    case WorkKind::message:
      return messages(process);
    case WorkKind::call:
      return call(process, local_now);
  }
}

// One roll of the dice in each expression: in which order a call's arguments are evaluated, each
// compiler decides, and one seed is to be one world for all of them.

/// Half of the names are a server's own, the others are replicas' names.
std::string Workload::some_path() {
  const std::uint64_t name = dice_.below(shared_.scenario.names);
  return name % 2 == 0 ? fmt::format("/shop/service-{}", name) : fmt::format("/n{}/a/b", name);
}

std::vector<std::byte> Workload::some_value() {
  std::vector<std::byte> value(dice_.below(shared_.scenario.value_bytes_max + 1));
  std::ranges::generate(value, [&] { return static_cast<std::byte>(dice_.next()); });
  return value;
}

/// Most bindings have none.
AttributeSet Workload::some_attributes() {
  AttributeSet attributes;
  for (std::uint64_t left = dice_.chance(300'000) ? dice_.between(1, 4) : 0; left > 0; --left) {
    const std::uint64_t key = dice_.below(8);
    attributes.set(fmt::format("key-{}", key),
                   std::string(dice_.below(Attributes::value_bytes_max + 1), 'a'));
  }
  return attributes;
}

void Workload::bind(Process& process) {
  const std::string path = some_path();
  const std::vector<std::byte> value = some_value();
  const AttributeSet attributes = some_attributes();
  if (process.member().bind(path, value, attributes.view()) != BindResult::changed) return;
  ledger_.current(process.server()).bind(path, value, attributes.view());
}

void Workload::batch(Process& process) {
  Batch batch;
  for (std::uint64_t left = dice_.between(0, 20); left > 0; --left) {
    const std::string path = some_path();
    if (dice_.chance(300'000)) {
      batch.withdraw(path);
      continue;
    }
    const std::vector<std::byte> value = some_value();
    batch.bind(path, value, some_attributes().view());
  }
  Life& life = ledger_.current(process.server());
  const Version before = life.version();
  if (process.member().apply(batch) != BindResult::changed) return;
  for (const StoredChange& change : batch.changes()) {
    const Content content = change.content();
    if (change.kind == wire::ChangeKind::bind) {
      if (!life.binds(change.path, change.bytes))
        life.bind(change.path, content.value, content.attributes);
    } else if (life.binds(change.path)) {
      life.withdraw(change.path);
    }
  }
  life.join(before + 1);
}

void Workload::withdraw_all(Process& process, TimeNs local_now) {
  Life& life = ledger_.current(process.server());
  const bool empty = life.bindings() == 0;
  const BindResult result = process.member().withdraw_all(local_now);
  if ((result == BindResult::changed) == empty)
    shared_.verdict.fail("I2", "m{} withdrew all, and had {} bindings", process.server(),
                         life.bindings());
  if (!empty) life.withdraw_all();
  process.application().topics().withdrawn_all();
}

void Workload::withdraw(Process& process) {
  const std::string path = some_path();
  Life& life = ledger_.current(process.server());
  const bool was_bound = life.binds(path);
  const BindResult result = process.member().withdraw(path);
  if ((result == BindResult::changed) != was_bound)
    shared_.verdict.fail("I2", "m{} withdrew {}, which it had {}bound", process.server(), path,
                         was_bound ? "" : "not ");
  if (was_bound) life.withdraw(path);
}

std::optional<Party> Workload::somebody(const Process& process) {
  const auto& peers = process.member().membership().peers();
  if (peers.empty()) return std::nullopt;
  std::size_t server = dice_.below(shared_.roster.size());
  while (process.member().membership().find(shared_.roster.id(server)) == nullptr)
    server = (server + 1) % shared_.roster.size();
  return Party{server,
               process.member().membership().find(shared_.roster.id(server))->key.incarnation};
}

std::optional<Recipient> Workload::some_recipient(const Process& process) {
  const auto to = somebody(process);
  if (!to) return std::nullopt;
  const std::uint64_t channel = dice_.below(shared_.scenario.channels);
  return Recipient{{shared_.roster.id(to->server), to->incarnation},
                   static_cast<ChannelId>(channel)};
}

/// Behind the room for its head.
std::vector<std::byte> Workload::some_payload() {
  const bool large = dice_.chance(shared_.scenario.large);
  const std::size_t bytes_max =
      large ? shared_.scenario.large_bytes_max : shared_.scenario.payload_bytes_max;
  std::vector<std::byte> payload(Conversations::head_bytes + dice_.below(bytes_max + 1));
  Random filling(dice_.next());
  for (std::size_t at = Conversations::head_bytes; at < payload.size();) {
    const std::uint64_t word = filling.next();
    const std::size_t bytes = std::min(sizeof word, payload.size() - at);
    std::memcpy(payload.data() + at, &word, bytes);
    at += bytes;
  }
  return payload;
}

/// Several on one channel, which share packets, or each on another.
void Workload::messages(Process& process) {
  const bool together = dice_.chance(500'000);
  auto to = some_recipient(process);
  for (std::uint64_t left = dice_.between(1, 8); to && left > 0; --left) {
    process.application().say(*to, some_payload());
    if (!together) to = some_recipient(process);
  }
}

void Workload::call(Process& process, TimeNs local_now) {
  const auto to = some_recipient(process);
  if (!to) return;
  const std::string path = some_path();
  std::vector<std::byte> payload = some_payload();
  const TimeNs deadline = local_now + dice_.below(shared_.scenario.call_deadline_max_ns) + 1;
  if (process.application().call(*to, path, std::move(payload), deadline) && dice_.chance(50'000))
    process.application().cancel_last_call();
}

}  // namespace muster::sim
