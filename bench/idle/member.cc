#include "bench/idle/member.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "bench/support/histogram.h"
#include "bench/support/processor_time.h"
#include "node/clock.h"
#include "node/node.h"

namespace muster::bench {
namespace {

constexpr std::string_view pinging = "pinging";
constexpr std::string_view answering = "answering";
constexpr DurationNs meet_limit_ns = 10 * second;

NodeConfig config_of(std::string_view name, const Case& what, const std::string& folder) {
  const bool pings = name == pinging;
  NodeConfig config;
  config.name = name;
  config.cluster = folder;  // whoever else measures on the loopback has another
  if (what.line == Line::sockets) config.transport = TransportKind::socket;
  config.mode = what.mode;
  config.idle = what.idle;
  config.membership.join_listen_ns = 200 * ms;
  config.membership.suspect_after_ns = 4 * second;  // threads that spin may starve each other
  config.device = what.line == Line::virtio
                      ? fmt::format(fmt::runtime(pings ? "net_virtio_user0,path={}/line.sock"
                                                       : "net_vhost0,iface={}/line.sock"),
                                    folder)
                      : fmt::format("net_memif0,role={},id=0,socket={}/line.sock",
                                    pings ? "client" : "server", folder);
  config.address = pings ? "127.0.0.1/8" : "127.0.0.2/8";
  config.port = static_cast<std::uint16_t>(20'000 + getppid() % 12'000);
  return config;
}

class Talker final : Handler {
 public:
  Talker(std::string_view name, const Case& what, const std::string& folder)
      : other_(member_id(name == pinging ? answering : pinging)),
        answers_(name == answering),
        node_(config_of(name, what, folder), *this) {}

  void turn() { node_.idle(node_.poll()); }
  void turn_until(TimeNs end_ns) {
    while (monotonic_ns() < end_ns) turn();
  }
  void meet() {
    const TimeNs end_ns = monotonic_ns() + meet_limit_ns;
    while (node_.standing() != Standing::member || node_.member(other_) == nullptr) {
      if (monotonic_ns() > end_ns) throw StartError("the two members did not meet within 10 s");
      turn();
    }
  }

  /// A round trip; 0: it was not over by `end_ns`.
  DurationNs ping(TimeNs end_ns) {
    std::memcpy(said_.data(), &++asked_, sizeof asked_);
    const TimeNs begin_ns = monotonic_ns();
    for (bool sent = false; answered_ != asked_; turn()) {
      if (!sent) sent = node_.send(other_, said_) == SendResult::sent;
      if (monotonic_ns() > end_ns) return 0;
    }
    return answered_ns_ - begin_ns;
  }

 private:
  void on_message(const Message& message) override {
    if (answers_) {
      node_.send(other_, message.bytes());
      return;
    }
    answered_ns_ = monotonic_ns();
    std::memcpy(&answered_, message.bytes().data(), sizeof answered_);
  }

  MemberId other_;
  bool answers_;
  std::uint64_t asked_ = 0;
  std::uint64_t answered_ = 0;
  TimeNs answered_ns_ = 0;
  std::array<std::byte, 64> said_{};
  Node node_;
};

/// Whatever is late puts off what comes after it.
RoundTrips ping(Talker& talker, DurationNs length_ns, DurationNs interval_ns) {
  Histogram times;
  const TimeNs end_ns = monotonic_ns() + length_ns;
  for (TimeNs next_ns = 0; next_ns < end_ns; next_ns = monotonic_ns() + interval_ns) {
    talker.turn_until(next_ns);
    const DurationNs time_ns = talker.ping(end_ns);
    if (time_ns == 0) break;
    times.add(time_ns);
  }
  return {.p50_ns = times.percentile_ns(0.5).value_or(0),
          .p99_ns = times.percentile_ns(0.99).value_or(0)};
}

double rest_share(Talker& talker, DurationNs length_ns) {
  const TimeNs begin_ns = monotonic_ns();
  const double begin = process_seconds();
  talker.turn_until(begin_ns + length_ns);
  const double taken = process_seconds() - begin;
  return taken * 1e9 / static_cast<double>(monotonic_ns() - begin_ns);
}

/// A virtio-user does not wait for the other end.
void wait_for_listener(const std::string& folder) {
  const TimeNs end_ns = monotonic_ns() + meet_limit_ns;
  while (!std::filesystem::exists(folder + "/line.sock") && monotonic_ns() < end_ns)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace

Findings ping_and_rest(const Case& what, const Lengths& lengths, const std::string& folder) {
  if (what.line == Line::virtio) wait_for_listener(folder);
  Talker talker(pinging, what, folder);
  talker.meet();
  ping(talker, lengths.busy_ns, 0);  // caches and estimates settle
  // One after the other, in this order: a list's initializers are.
  return {.busy = ping(talker, lengths.busy_ns, 0),
          .paced = ping(talker, lengths.paced_ns, ping_interval_ns),
          .rest_share = rest_share(talker, lengths.rest_ns)};
}

void answer(const Case& what, const std::string& folder) {
  Talker talker(answering, what, folder);
  for (;;) talker.turn();
}

}  // namespace muster::bench
