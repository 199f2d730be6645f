#include "bench/scale/cluster.h"

#include <span>
#include <stdexcept>

#include <fmt/format.h>

#include "sim/silent_events.h"

namespace muster::bench {

/// One member's application: notes when it hears what.
class Cluster::Ear final : public sim::SilentEvents {
 public:
  explicit Ear(Cluster& cluster) : cluster_(cluster) {}

  void on_joined(const MemberInfo&) override { moments().joined.push_back(cluster_.now_); }
  void on_suspected(const MemberInfo&) override { ++moments().suspected; }
  void on_removed(const MemberInfo& member, RemovalReason) override {
    const auto server = cluster_.roster_.find(member.key.id);
    if (cluster_.lives(*server) && cluster_.servers_[*server].incarnation == member.key.incarnation)
      ++moments().died_alive;
    else
      moments().died.push_back(cluster_.now_);
  }
  void on_bound(const Binding&) override { moments().bound.push_back(cluster_.now_); }
  void on_synchronized() override { moments().synchronized.push_back(cluster_.now_); }

 private:
  Moments& moments() { return cluster_.moments_; }
  Cluster& cluster_;
};

Cluster::Cluster(std::size_t servers, const MembershipConfig& timers,
                 const DirectoryConfig& directory, std::uint64_t seed)
    : timers_(timers),
      directory_(directory),
      seed_(seed),
      roster_(servers),
      dice_(seed),
      network_(roster_, events_, seed + 1),
      servers_(servers) {
  timers_.members_max = static_cast<std::uint32_t>(servers + 1);
  set_loss(0, 0);
}

Cluster::~Cluster() = default;

void Cluster::set_loss(sim::Ppm at_receiver, sim::Ppm at_sender) {
  sim::LinkWeather weather;
  weather.loss = at_receiver;
  weather.loss_at_sender = at_sender;
  weather.delay_min_ns = delay_min_ns;
  weather.delay_max_ns = delay_max_ns;
  network_.set_weather(weather);
}

void Cluster::start(std::size_t server, DurationNs spread) {
  events_.at(now_ + dice_.below(spread + 1), sim::EventKind::start, server);
}

void Cluster::begin(std::size_t number) {
  Server& server = servers_[number];
  ++server.incarnation;
  server.wake_at = never_ns;
  server.port = std::make_unique<ViewPort>(number, static_cast<sim::Wire&>(*this));
  server.ear = std::make_unique<Ear>(*this);
  MemberConfig config{.name = roster_.name(number),
                      .cluster = roster_.cluster(),
                      .incarnation = server.incarnation,
                      .self = roster_.endpoint(number),
                      .group = roster_.group(),
                      .seed = dice_.next(),
                      .membership = timers_,
                      .directory = directory_,
                      .messaging = {}};
  config.messaging.window_packets = 1;  // nobody sends a message
  server.member = std::make_unique<Member>(config, *server.port, *server.ear);
  ++living_;
  server.member->start(now_);
  bind(number, "/scale/" + roster_.name(number), server.incarnation);
}

void Cluster::crash(std::size_t server) {
  servers_[server].member.reset();
  --living_;
}

void Cluster::bind(std::size_t server, std::string_view path, std::uint64_t value) {
  Member& of = member(server);
  of.bind(path, std::as_bytes(std::span(&value, 1)));
  of.transmit(now_);
  after_step(server);
}

void Cluster::run_until(TimeNs when) {
  while (events_.next_ns() <= when) step();
  now_ = when;
}

bool Cluster::step() {
  if (events_.empty()) return false;
  const sim::Event event = events_.pop();
  now_ = event.at_ns;
  if (event.kind == sim::EventKind::arrival)
    arrive(event.server, event.what);
  else if (event.kind == sim::EventKind::wake)
    wake(event.server, event.at_ns);
  else
    begin(event.server);
  return true;
}

void Cluster::arrive(std::size_t number, std::uint64_t flight_number) {
  if (lives(number)) {
    const sim::VirtualNetwork::Flight& flight = network_.flight(flight_number);
    const std::span<const std::byte> payload = flight.payload();
    ++traffic_.packets_received;
    traffic_.bytes_received += wire_bytes(payload.size());
    if (tap_ != nullptr) tap_->received(number, payload);
    // A member writes in no packet that it receives.
    const auto size = static_cast<std::uint32_t>(payload.size());
    Packet view{.data = const_cast<std::byte*>(payload.data()),
                .size = size,
                .capacity = size,
                .peer = flight.from,
                .native = nullptr};
    servers_[number].member->on_packet(now_, view);
    after_step(number);
  }
  network_.landed(flight_number);
}

void Cluster::wake(std::size_t number, TimeNs at) {
  Server& server = servers_[number];
  if (server.wake_at != at || !lives(number)) return;  // of an earlier life, or overtaken
  server.wake_at = never_ns;
  server.member->on_deadline(now_);
  server.member->transmit(now_);
  after_step(number);
}

void Cluster::after_step(std::size_t number) {
  Server& server = servers_[number];
  const TimeNs deadline = server.member->next_deadline();
  if (deadline >= server.wake_at) return;
  server.wake_at = std::max(deadline, now_);
  events_.at(server.wake_at, sim::EventKind::wake, number);
}

void Cluster::carry(std::size_t from, const Packet& packet) {
  ++traffic_.packets_sent;
  traffic_.bytes_sent += wire_bytes(packet.size);
  if (tap_ != nullptr) tap_->sent(from, packet);
  network_.send(now_, from, packet);
}

void Cluster::not_in_time(const char* what) const {
  throw std::runtime_error(
      fmt::format("{} members, seed {}: not in time: {}", roster_.size(), seed_, what));
}

bool Cluster::agree() const {
  for (std::size_t server = 0; server < servers_.size(); ++server) {
    if (!lives(server)) continue;
    if (member(server).membership().peers().size() + 1 != living_ || !agree_on(server))
      return false;
  }
  return true;
}

bool Cluster::agree_on(std::size_t owner) const {
  const Tree& own = member(owner).directory().own();
  for (std::size_t server = 0; server < servers_.size(); ++server) {
    if (server == owner || !lives(server)) continue;
    const Replica* copy = member(server).directory().replica(roster_.id(owner));
    if (copy == nullptr || !(copy->owner() == member(owner).self()) ||
        copy->tree().version() != own.version() || copy->tree().digest() != own.digest())
      return false;
  }
  return true;
}

}  // namespace muster::bench
