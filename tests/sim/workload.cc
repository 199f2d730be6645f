#include "tests/sim/workload.h"

#include <algorithm>

#include "cluster/messaging/send.h"

namespace muster::sim {

void Workload::act(Process& process, TimeNs local_now) {
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
      for (std::uint64_t left = dice_.between(1, 8); left > 0; --left) message(process, local_now);
      return;
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

std::size_t Workload::some_payload_bytes() {
  return Conversations::head_bytes + dice_.below(shared_.scenario.payload_bytes_max + 1);
}

void Workload::message(Process& process, TimeNs local_now) {
  const auto to = somebody(process);
  Packet* packet = to ? process.port().allocate() : nullptr;
  if (packet == nullptr) return;
  const Party from{process.server(), process.member().self().incarnation};
  const std::size_t bytes = some_payload_bytes();
  shared_.conversations.write(from, *to, dice_.next(), {packet->data + message_offset, bytes});
  if (process.member().send(local_now, shared_.roster.id(to->server), *packet, bytes) ==
      SendResult::sent)
    shared_.conversations.sent(from, *to);
  else
    process.port().release(*packet);
}

void Workload::call(Process& process, TimeNs local_now) {
  const auto to = somebody(process);
  Packet* packet = to ? process.port().allocate() : nullptr;
  if (packet == nullptr) return;
  const Party from{process.server(), process.member().self().incarnation};
  const std::string path = some_path();
  const std::size_t bytes = some_payload_bytes();
  shared_.conversations.write(from, *to, dice_.next(),
                              {packet->data + request_offset(path), bytes});
  const DurationNs deadline_ns = dice_.below(shared_.scenario.call_deadline_max_ns) + 1;
  const CallId call = ++last_call_;
  if (process.member().call(local_now, shared_.roster.id(to->server), call, path, *packet, bytes,
                            deadline_ns) != SendResult::sent)
    return process.port().release(*packet);
  shared_.conversations.sent(from, *to);
  process.application().called(call);
  if (!dice_.chance(50'000)) return;
  process.member().cancel(call);
  process.application().cancelled(call);
}

}  // namespace muster::sim
