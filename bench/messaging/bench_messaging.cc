// Messages between two processes, one on each core: round trips, the highest rates, latency under
// load, over the bare port, over muster and over what one would otherwise use, in turns. F1, F2
// and F3 are read here.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <span>
#include <string_view>

#include "bench/messaging/campaign.h"
#include "bench/messaging/child.h"
#include "bench/messaging/crowd.h"
#include "bench/messaging/one_thread.h"
#include "bench/messaging/rows.h"
#include "bench/messaging/side.h"
#include "bench/messaging/ways.h"
#include "bench/support/options.h"
#include "bench/support/report.h"
#include "cluster/mtu.h"
#include "tools/measure/cores.h"

namespace muster::bench {

using measure::two_cores;

namespace {

constexpr const char* description =
    "Messages between two processes: the bare port, muster, kernel sockets, ZeroMQ, sockperf.";

constexpr const char* explanation =
    R"(Ways, taking turns in each round; a process of each on each of two cores:
  bare         the floor: frames over a memif port, nothing written but the message's stamp
  inline       muster over memif, run by the application's own thread
  topic        the same, published to one subscriber, who has to keep up
  pipelined    as inline, with an I/O thread and an engine thread, which share the process's core
  sockets      muster inline over kernel UDP sockets, loopback
  udp          kernel UDP: sendto, recvfrom; udp_batched: sendmmsg, recvmmsg, 32 at a time
  zeromq       ZeroMQ's pair of sockets over TCP, loopback, where libzmq3-dev was installed
  sockperf     the program sockperf, UDP, where it is installed; round trips only
  switch, switch_1%_loss
               muster inline through the virtual switch, a third process on the two cores

Rows:
  path.WAY.SIZE.single         both ends in one thread: from the claim of a message until it is heard,
                               one by one; burst: 32 under way together; idle: a poll() with nothing
                               to do. No cache line travels, so this is what the processor has to do
  ping.WAY.SIZE.p50 ...        round trip of one message at a time
  rate.WAY.SIZE.messages       received in a second, each checked by its number and its end, when the
                               sender sends as fast as it can; bytes; sender, receiver: processor
                               time for each message; lost: share of what was sent
  load.WAY.SIZE.N%.p50 ...     from the moment when a message was due to its delivery, one way. Due is
                               one each interval, fixed in advance, for N % of the highest rate of
                               that moment, and late ones are not excused; one that never came
                               counts as 200 ms
  crowd.inline.1KiB.least      eight members send to one through the switch: the smallest share over an
                               equal one; most: the largest; others: what one gets through to seven
                               while the eighth does not read, over what it did before
  SIZE "packet" is the largest message that travels in one packet; "64_byte_frame" a message with
  which the bare port's frame has 64 bytes.

Targets, each a ratio in one and the same round; a row of them names its floor:
  F1.p50, F1.p99    inline over bare, round trip of 64 bytes
  F2.full_packet    inline over bare, messages a second that fill a packet
  F2.small          inline, messages of 64 bytes, over bare, frames of 64 bytes, a second
  F3.round_trip     sockets over inline;  F3.rate  inline over sockets, messages of 64 bytes
  large.1m          inline, bytes a second in messages of 1 MiB, over bare, in full packets
  loss.rate.SIZE    switch_1%_loss over switch
  crowd.*           as the rows of that name

Figures are medians over rounds, "quartiles" the first and the third; those of path.* are of the best
tenth of a round's batches. "line" is the round trip of a bare cache line between the two cores at that
moment, "load" and "steal" what the machine did.)";

/// The bare port carries frames as long, so that ratios stay ratios.
void add_options(CLI::App& app) {
  app.add_option_function<std::uint16_t>("--io-threads", set_io_threads,
                                         "of each end of pipelined, on its one core [1]")
      ->check(CLI::Range(1, 8));
  app.add_option_function<std::uint32_t>("--mtu", set_mtu, "the longest packet of all ways [1500]")
      ->check(CLI::Range(mtu_min, mtu_max));
}

Plan plan_for(bool quick) { return quick ? quick_plan : full_plan; }

void print(const std::string& table) {
  std::printf("\n%s\n", table.c_str());
  std::fflush(stdout);
}

void run(const Options& options) {
  throw_on_signals();
  Results results;
  Campaign campaign(plan_for(options.quick), two_cores(), results);
  campaign.measure_paths();
  print(path_table(results));
  campaign.measure_pings();
  print(ping_table(results));
  campaign.measure_flows();
  print(rate_table(results));
  print(load_table(results));
  campaign.measure_loss();
  campaign.measure_crowd();
  Report report("messaging");
  add_rows(report, results);
  report.publish(options, Report::Which::with_target);
  std::puts("\nbench_messaging --help explains the rows.");
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  using namespace muster::bench;
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  if (argc > 1 && std::string_view(argv[1]) == side_option) return run_side(arguments.subspan(2));
  if (argc > 1 && std::string_view(argv[1]) == crowd_option) return run_crowd(arguments.subspan(2));
  if (argc > 1 && std::string_view(argv[1]) == one_thread_option) {
    return run_one_thread(arguments.subspan(2));
  }
  if (argc > 1 && std::string_view(argv[1]) == switch_option) {
    return run_switch(arguments.subspan(2));
  }
  return run_suite(argc, argv, description, run, explanation, add_options);
}
