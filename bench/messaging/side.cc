#include "bench/messaging/side.h"

#include <exception>
#include <optional>
#include <stdexcept>
#include <thread>

#include "bench/messaging/far.h"
#include "bench/messaging/near.h"
#include "bench/messaging/orders.h"
#include "bench/messaging/task.h"
#include "node/clock.h"
#include "tools/fabric/run.h"
#include "tools/fabric/values.h"
#include "tools/measure/cores.h"

namespace muster::bench {

using measure::pin_this_thread;

namespace {

constexpr DurationNs connect_limit_ns = 10'000'000'000;
// Polls between two looks at what the process is told, while it measures nothing.
constexpr unsigned polls_per_look = 64;

class Nothing final : public Inbox {
  void on_message(const Arrival&) override {}
};

void connect(MessageEndpoint& endpoint) {
  const TimeNs deadline_ns = monotonic_ns() + connect_limit_ns;
  while (!endpoint.connect()) {
    if (monotonic_ns() > deadline_ns) {
      throw std::runtime_error("the two processes did not find each other within 10 s");
    }
    std::this_thread::yield();
  }
  say(ready_word + std::to_string(endpoint.packet_message_bytes()) + ' ' +
      std::to_string(endpoint.message_bytes_max()));
}

/// Keeps the endpoint going meanwhile.
std::string wait_for_order(MessageEndpoint& endpoint, Orders& orders, bool yields) {
  Nothing nothing;
  for (unsigned polls = 0;; ++polls) {
    const std::size_t work = endpoint.poll(nothing);
    if (work == 0 && yields) std::this_thread::yield();
    if (polls % polls_per_look != 0) continue;
    if (std::optional<std::string> order = orders.next()) return *order;
  }
}

void serve(MessageEndpoint& endpoint, const Place& place, const Pace& pace) {
  Orders orders;
  while (true) {
    const std::string order = wait_for_order(endpoint, orders, pace.yields);
    if (order == quit_line) return;
    const Task task = task_of(order);
    const auto told_to_stop = [&] { return orders.next().has_value(); };
    if (place.role == Role::near) {
      say(to_line(run_near(endpoint, task, pace, told_to_stop)));
    } else {
      say(armed_line);
      Far far(endpoint, task, pace);
      while (far.cycle(told_to_stop)) {
      }
      say(to_line(far.outcome()));
    }
  }
}

}  // namespace

std::vector<std::string> side_arguments(const Way& way, const Place& place) {
  return {side_option,     std::string(way.name),      place.role == Role::far ? "far" : "near",
          place.directory, std::to_string(place.port), std::to_string(place.core)};
}

int run_side(std::span<char*> arguments) {
  try {
    if (arguments.size() != 5) throw std::runtime_error("--side is not for users");
    const Way& way = way_named(arguments[0]);
    const Place place{.role = std::string_view(arguments[1]) == "far" ? Role::far : Role::near,
                      .directory = arguments[2],
                      .port = static_cast<std::uint16_t>(std::stoul(arguments[3])),
                      .core = std::stoi(arguments[4])};
    pin_this_thread(place.core);
    const std::unique_ptr<MessageEndpoint> endpoint = way.open(place);
    say(open_line);
    connect(*endpoint);
    serve(*endpoint, place, {.yields = way.shares_core});
    return 0;
  } catch (const std::exception& error) {
    say(failure_word + std::string(error.what()));
    return 1;
  }
}

std::vector<std::string> switch_arguments(const Way& way, const std::string& directory) {
  return {switch_option, directory, std::string(way.switch_loss), "2"};
}

int run_switch(std::span<char*> arguments) {
  try {
    if (arguments.size() != 3) throw std::runtime_error("--switch is not for users");
    fabric::FabricOptions options;
    options.socket = switch_socket(arguments[0]);
    options.mtu = mtu();
    options.control = options.socket + ".control";
    options.ports = std::stoul(arguments[2]);
    options.faults.loss = fabric::parse_probability("loss", arguments[1]);
    options.supervised = true;
    return fabric::run_fabric(options);
  } catch (const std::exception& error) {
    say(failure_word + std::string(error.what()));
    return 1;
  }
}

}  // namespace muster::bench
