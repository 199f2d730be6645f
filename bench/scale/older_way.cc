#include "bench/scale/older_way.h"

#include <algorithm>
#include <cstring>

#include "bench/scale/cluster.h"

namespace muster::bench {

OlderWay::OlderWay(std::size_t servers, const Loss& loss, std::uint64_t seed)
    : loss_(loss),
      roster_(servers),
      network_(roster_, events_, seed),
      random_(seed + 1),
      receivers_(servers) {
  sim::LinkWeather weather;
  weather.loss = loss.at_receiver;
  weather.loss_at_sender = loss.at_sender;
  weather.delay_min_ns = delay_min_ns;
  weather.delay_max_ns = delay_max_ns;
  network_.set_weather(weather);
}

RepairCost OlderWay::run(std::uint64_t changes) {
  cost_ = {.changes = changes, .receivers = roster_.size() - 1};
  repaired_at_.assign(changes + 1, 0);
  events_.at(0, sim::EventKind::work, owner);
  events_.at(0, sim::EventKind::cycle, owner);
  while (!done()) {
    const sim::Event event = events_.pop();
    now_ = event.at_ns;
    if (event.kind == sim::EventKind::work) {
      change();
    } else if (event.kind == sim::EventKind::cycle) {
      heartbeat();
    } else if (event.kind == sim::EventKind::wake) {
      ask(event.server, event.at_ns);
    } else {
      Word word;
      std::memcpy(&word, network_.flight(event.what).payload().data(), sizeof word);
      network_.landed(event.what);
      arrive(event.server, word);
    }
  }
  return cost_;
}

void OlderWay::set_loss_at_sender(sim::Ppm loss) {
  sim::LinkWeather weather = network_.weather();
  weather.loss_at_sender = loss;
  network_.set_weather(weather);
}

void OlderWay::change() {
  set_loss_at_sender(loses_first(loss_, newest_) ? certain : 0);
  ++newest_;
  send(owner, roster_.group(), {Kind::change, newest_, newest_});
  set_loss_at_sender(loss_.at_sender);
  if (newest_ < cost_.changes) events_.at(now_ + change_interval_ns, sim::EventKind::work, owner);
}

void OlderWay::heartbeat() {
  send(owner, roster_.group(), {Kind::heartbeat, newest_ + 1, newest_});
  events_.at(now_ + lan_timers().heartbeat_interval_ns, sim::EventKind::cycle, owner);
}

void OlderWay::arrive(std::size_t server, const Word& word) {
  if (server == owner) {
    ++cost_.owner;
    answer(word);
  } else {
    hear(server, word);
  }
}

void OlderWay::hear(std::size_t server, const Word& word) {
  Receiver& receiver = receivers_[server];
  bool lacked = false;
  for (Version version = word.first; version <= word.last; ++version)
    if (version > receiver.complete) lacked |= receiver.ahead.insert(version).second;
  while (!receiver.ahead.empty() && *receiver.ahead.begin() == receiver.complete + 1) {
    receiver.ahead.erase(receiver.ahead.begin());
    if (++receiver.complete == cost_.changes) ++complete_;
  }
  if (word.kind == Kind::change) ++cost_.arrived;
  if (word.kind == Kind::repair) ++(lacked ? cost_.requester : cost_.bystander);
  receiver.heard = std::max(receiver.heard, word.last);
  if (receiver.complete == receiver.heard) {
    receiver.due = never_ns;
  } else if (receiver.due == never_ns) {
    receiver.attempts = 0;
    ask_at(server, now_ + random_.below(timers_.request_jitter_ns + 1));
  }
}

void OlderWay::ask_at(std::size_t server, TimeNs when) {
  receivers_[server].due = when;
  events_.at(when, sim::EventKind::wake, server);
}

void OlderWay::ask(std::size_t server, TimeNs at) {
  Receiver& receiver = receivers_[server];
  if (receiver.due != at) return;  // it has come, or was asked for
  ++cost_.requester;
  const Version last = receiver.ahead.empty() ? receiver.heard : *receiver.ahead.begin() - 1;
  send(server, roster_.endpoint(owner),
       {Kind::negative_acknowledgement, receiver.complete + 1, last});
  const DurationNs timeout = timers_.request_timeout_ns << std::min(receiver.attempts++, 4U);
  ask_at(server, now_ + timeout + random_.below(timeout / 4 + 1));
}

void OlderWay::answer(const Word& question) {
  bool just_answered = true;
  for (Version version = question.first; version <= question.last; ++version)
    just_answered &=
        repaired_at_[version] != 0 && now_ - repaired_at_[version] < timers_.request_jitter_ns;
  if (just_answered) return;
  ++cost_.owner;
  for (Version version = question.first; version <= question.last; ++version)
    repaired_at_[version] = now_;
  send(owner, roster_.group(), {Kind::repair, question.first, question.last});
}

void OlderWay::send(std::size_t from, const Endpoint& to, Word word) {
  Packet packet{.data = reinterpret_cast<std::byte*>(&word),
                .size = sizeof word,
                .capacity = sizeof word,
                .peer = to,
                .native = nullptr};
  network_.send(now_, from, packet);
}

}  // namespace muster::bench
