// What it costs to wait, in time and in processor, by each kind of Idle.
#include <optional>
#include <string>

#include <fmt/format.h>

#include "bench/idle/two_members.h"
#include "bench/support/options.h"
#include "bench/support/report.h"
#include "node/idle_choice.h"
#include "node/thread.h"
#include "tools/measure/bounce.h"
#include "tools/measure/cores.h"

namespace muster::bench {
namespace {

constexpr const char* explanation =
    R"(Two members, each a process that runs where the kernel puts it, with the application's thread in
node.idle(node.poll()). PORT is memif, between the two, virtio (a virtio-user, whose member pings, and a vhost), or sockets
of the kernel, on the loopback; MODE is inline, with one thread in each process, or pipelined, with
three; KIND is what `idle` says: sleep only where something wakes the member that pings.

Rows:
  idle.PORT.MODE.KIND.p50      round trip of 64 bytes when one begins 10 ms after the last, so that
                               all threads had nothing to do before; its floor is the round trip of
                               pings one after the other, by the same two members
  idle.PORT.MODE.KIND.p99      the same. None: less than 100 came back in time
  idle.PORT.MODE.KIND.rest     processor time that all threads of a member take in a second in which
                               nothing is said but heartbeats

Where more threads spin than there are cores, they wait for each other's slices.)";

constexpr Lengths full_lengths{.busy_ns = 100 * ms, .paced_ns = 1100 * ms, .rest_ns = 300 * ms};
constexpr Lengths quick_lengths{.busy_ns = 20 * ms, .paced_ns = 100 * ms, .rest_ns = 100 * ms};

const char* word(Line line) {
  switch (line) {
    case Line::memif:
      return "memif";
    case Line::virtio:
      return "virtio";
    case Line::sockets:
      break;
  }
  return "sockets";
}

/// A memif wakes nobody who receives on it.
bool is_woken(Line line, Mode mode) { return line != Line::memif || mode == Mode::pipelined; }

std::string name_of(const Case& what) {
  return fmt::format("idle.{}.{}.{}", word(what.line),
                     what.mode == Mode::run_inline ? "inline" : "pipelined", word(what.idle));
}

std::optional<double> us(double ns) { return ns > 0 ? std::optional(ns / 1000) : std::nullopt; }

std::optional<double> ratio(double value, double floor) {
  return value > 0 && floor > 0 ? std::optional(value / floor) : std::nullopt;
}

void add_rows(Report& report, const Case& what, const Findings& found, double line_rtt_ns) {
  const auto round_trip = [&](const char* which, double paced_ns, double busy_ns) {
    report.add({.id = name_of(what) + which,
                .value = us(paced_ns),
                .unit = "us",
                .floor = us(busy_ns),
                .ratio = ratio(paced_ns, busy_ns),
                .line_rtt_ns = line_rtt_ns});
  };
  round_trip(".p50", found.paced.p50_ns, found.busy.p50_ns);
  round_trip(".p99", found.paced.p99_ns, found.busy.p99_ns);
  report.add({.id = name_of(what) + ".rest",
              .value = 1000 * found.rest_share,
              .unit = "ms/s",
              .floor = {},
              .ratio = {},
              .line_rtt_ns = line_rtt_ns});
}

void run(const Options& options) {
  const Lengths& lengths = options.quick ? quick_lengths : full_lengths;
  Report report("idle");
  for (const Line line : {Line::memif, Line::virtio, Line::sockets})
    for (const Mode mode : {Mode::run_inline, Mode::pipelined})
      for (const Idle idle : {Idle::spin, Idle::backoff, Idle::sleep}) {
        if (idle == Idle::sleep && !is_woken(line, mode)) continue;
        const Case what{.line = line, .mode = mode, .idle = idle};
        const double line_rtt_ns = measure::line_rtt_ns(measure::two_cores());
        add_rows(report, what, measure(what, lengths), line_rtt_ns);
      }
  report.publish(options);
  fmt::print("usable cores: {}; pipelined, idle = \"auto\" is \"{}\" here\n", usable_cores(),
             word(choose_idle({}, {.cores = usable_cores()}).idle));
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  return muster::bench::run_suite(argc, argv,
                                  "What it costs members to wait: round trips and cores.",
                                  muster::bench::run, muster::bench::explanation);
}
