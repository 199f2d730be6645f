// The processes of a crowd: one with eight members, or one with one.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "bench/messaging/crowd.h"
#include "bench/messaging/orders.h"
#include "bench/messaging/side.h"
#include "bench/messaging/ways.h"
#include "node/clock.h"
#include "node/node.h"
#include "tools/measure/cores.h"

namespace muster::bench {

using measure::pin_this_thread;

namespace {

constexpr DurationNs join_limit_ns = 15'000'000'000;
/// To each, between two polls.
constexpr unsigned burst = 8;
constexpr unsigned turns_per_look = 16;

std::string name_of(std::size_t member) { return fmt::format("of_eight_{}", member); }
constexpr const char* name_of_the_one = "one";

class Participant final : public Handler {
 public:
  Participant(const NodeConfig& config, const std::vector<std::string>& others)
      : node_(config, *this) {
    for (const std::string& name : others) others_.push_back(member_id(name));
    received_.resize(others_.size());
  }

  std::size_t poll() { return node_.poll(); }
  bool knows_all() const {
    return std::ranges::all_of(others_,
                               [this](MemberId id) { return node_.member(id) != nullptr; });
  }
  void send_to_all(const std::vector<std::byte>& message) {
    for (const MemberId to : others_)
      for (unsigned i = 0; i < burst && node_.send(to, message) == SendResult::sent; ++i) {
      }
  }
  std::vector<std::uint64_t> take_received() {
    return std::exchange(received_, std::vector<std::uint64_t>(others_.size()));
  }

 private:
  void on_message(const Message& message) override {
    const auto from = std::ranges::find(others_, message.from().id);
    if (from != others_.end()) ++received_[static_cast<std::size_t>(from - others_.begin())];
  }

  std::vector<MemberId> others_;
  std::vector<std::uint64_t> received_;
  Node node_;
};

NodeConfig config_of(const std::string& name, std::size_t port, const Place& place, Mode mode) {
  NodeConfig config;
  config.name = name;
  config.cluster = "crowd";
  config.port = place.port;
  config.mtu = mtu();
  config.mode = mode;
  config.idle = Idle::backoff;
  config.device = fmt::format("net_memif{},id={},role=client,socket={}", port, port,
                              switch_socket(place.directory));
  config.address = fmt::format("10.77.0.{}/24", port + 1);
  config.limits.pool_packets = 2048;
  config.limits.kept_packets = 128;
  config.limits.event_queue = 512;
  config.dpdk.memory_mb = memory_mb;
  return config;
}

using Participants = std::vector<std::unique_ptr<Participant>>;

Participants participants_of(std::string_view role, const Place& place) {
  Participants all;
  std::vector<std::string> eight;
  eight.reserve(crowd_members);
  for (std::size_t i = 0; i < crowd_members; ++i) eight.push_back(name_of(i));
  if (role == name_of_the_one) {
    all.push_back(std::make_unique<Participant>(
        config_of(name_of_the_one, crowd_members, place, Mode::run_inline), eight));
    return all;
  }
  for (std::size_t i = 0; i < crowd_members; ++i) {
    const bool may_stop = role != "eight" && i + 1 == crowd_members;
    all.push_back(std::make_unique<Participant>(
        config_of(eight[i], i, place, may_stop ? Mode::pipelined : Mode::run_inline),
        std::vector<std::string>{name_of_the_one}));
  }
  return all;
}

/// By member of the eight, at whichever side.
std::string counts_of(const Participants& all) {
  std::vector<std::uint64_t> counts;
  for (const auto& participant : all)
    for (const std::uint64_t count : participant->take_received()) counts.push_back(count);
  return nlohmann::json(counts).dump();
}

void serve(Participants& all) {
  Orders orders;
  std::vector<std::byte> message;
  std::size_t reading = all.size();
  for (unsigned turn = 0;; ++turn) {
    std::size_t work = 0;
    for (std::size_t i = 0; i < reading; ++i) {
      if (!message.empty()) all[i]->send_to_all(message);
      work += all[i]->poll();
    }
    if (work == 0) std::this_thread::yield();  // three processes share two cores
    if (work == 0 || turn % turns_per_look == 0) {
      const auto order = orders.next();
      if (order == quit_line) return;
      if (order == "count") say(counts_of(all));
      if (order == "stop_reading") --reading;
      if (order && order->starts_with("send ")) message.resize(std::stoul(order->substr(5)));
    }
  }
}

}  // namespace

int run_crowd(std::span<char*> arguments) {
  try {
    if (arguments.size() != 4) throw std::runtime_error("--crowd is not for users");
    const Place place{.role = Role::near,
                      .directory = arguments[1],
                      .port = static_cast<std::uint16_t>(std::stoul(arguments[2])),
                      .core = std::stoi(arguments[3])};
    pin_this_thread(place.core);
    Participants all = participants_of(arguments[0], place);
    const TimeNs deadline_ns = monotonic_ns() + join_limit_ns;
    while (!std::ranges::all_of(all, [](const auto& one) { return one->poll(), one->knows_all(); }))
      if (monotonic_ns() > deadline_ns) throw std::runtime_error("not all have joined");
    say(open_line);
    serve(all);
    return 0;
  } catch (const std::exception& error) {
    say(failure_word + std::string(error.what()));
    return 1;
  }
}

}  // namespace muster::bench
