#include "tools/doctor/meeting.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "node/clock.h"
#include "node/errors.h"
#include "node/node.h"

namespace muster::doctor {
namespace {

constexpr DurationNs join_patience_ns = 5 * second;
/// Others are heard within a heartbeat or two; a packet that is lost is sent again a few times.
constexpr DurationNs gathering_ns = 2 * second;
constexpr DurationNs answer_patience_ns = 3 * second;
constexpr int rounds = 20;
/// What is not answered on it holds up nothing else.
constexpr ChannelId long_channel = 1;
/// Nobody serves it: the answer says so, and has come back.
constexpr std::string_view path = "/muster/doctor";

class Guest {
 public:
  explicit Guest(const NodeConfig& config) : node_(config, handler_) {}

  void join() {
    if (!node_.join(join_patience_ns))
      throw StartError("the cluster did not take it within 5 s: see that the link is up");
    node_.run_for(gathering_ns);
  }
  std::vector<Met> ask_all() {
    std::vector<Met> all;
    for (const MemberView& member : node_.members()) all.push_back(ask(member));
    return all;
  }
  const PortInfo& port() const { return node_.port(); }

 private:
  Met ask(const MemberView& member) {
    Met met{.name = member.name, .endpoint = to_string(member.endpoint), .round_trip_ns = {}};
    for (int i = 0; i < rounds; ++i) {
      const auto taken_ns = answered(member.key.id, {}, own_channel);
      if (!taken_ns) {
        met.round_trip_ns.reset();  // who answers now and then only is not to be told from one gone
        return met;
      }
      met.round_trip_ns = std::min(met.round_trip_ns.value_or(never_ns), *taken_ns);
    }
    // All that one packet holds, to the last byte.
    const std::vector<std::byte> full(node_.packet_bytes_max() - sizeof(wire::Call) - path.size());
    met.long_packets = answered(member.key.id, full, long_channel).has_value();
    return met;
  }
  std::optional<DurationNs> answered(MemberId to, std::span<const std::byte> payload,
                                     ChannelId channel) {
    struct {
      bool settled = false;
      bool arrived = false;
    } call;
    const TimeNs begun_ns = monotonic_ns();
    const auto callback = [&call](CallOutcome outcome, std::span<const std::byte>) {
      call = {true, outcome == CallOutcome::no_such_service || outcome == CallOutcome::ok};
    };
    if (node_.call(to, path, payload, answer_patience_ns, callback, channel).result !=
        SendResult::sent)
      return std::nullopt;
    while (!call.settled) node_.poll();
    if (!call.arrived) return std::nullopt;
    return monotonic_ns() - begun_ns;
  }

  Handler handler_;
  Node node_;
};

Finding path_finding(const Meeting& meeting, const Met& met) {
  return {.topic = fmt::format("mtu to {}", met.name),
          .verdict = Verdict::cuts_off,
          .found = fmt::format("short packets arrive at {}, and those of {} bytes do not",
                               met.endpoint, meeting.mtu),
          .remedy = fmt::format("give all members of the cluster one mtu, that each switch, bridge "
                                "and tunnel between them carries; this one has mtu = {}",
                                meeting.mtu)};
}

Finding silent_finding(const Met& met) {
  return {.topic = fmt::format("way to {}", met.name),
          .verdict = Verdict::cuts_off,
          .found = fmt::format("{} is heard, and answers nothing", met.endpoint),
          .remedy =
              "see whether a firewall there or on the way takes its group's packets only, and "
              "whether its address is reached from here (ping)"};
}

}  // namespace

Meeting meet(NodeConfig config) {
  constexpr std::string_view suffix = "-doctor";
  config.name = config.name.substr(0, wire::name_bytes_max - suffix.size()) + std::string(suffix);
  config.services.clear();
  config.mode = Mode::run_inline;
  config.io_threads = 1;
  config.cores = {};
  config.idle = Idle::backoff;
  Meeting meeting{.cluster = config.cluster, .way = {}, .mtu = config.mtu, .members = {}};
  try {
    Guest guest(config);
    meeting.way = guest.port().way;
    guest.join();
    meeting.members = guest.ask_all();
  } catch (const StartError& error) {
    meeting.refused = error.what();
  } catch (const ConfigError& error) {
    meeting.refused = error.what();
  }
  return meeting;
}

std::vector<Finding> diagnose_meeting(const Meeting& meeting) {
  Finding cluster{.topic = "cluster"};
  if (!meeting.refused.empty()) {
    const std::size_t colon = meeting.refused.rfind(": ");  // what is in the way, and the remedy
    cluster.verdict = Verdict::cuts_off;
    cluster.found = "a member cannot join from here: " + meeting.refused.substr(0, colon);
    cluster.remedy = colon == std::string::npos ? "" : meeting.refused.substr(colon + 2);
    return {cluster};
  }
  if (meeting.members.empty()) {
    cluster.verdict = Verdict::cuts_off;
    cluster.found = fmt::format("nobody of cluster \"{}\" was heard", meeting.cluster);
    cluster.remedy =
        "start another member; if some run, compare their cluster, group, port and vlan with "
        "these, "
        "and where the network drops multicast set multicast = false and seeds";
    return {cluster};
  }
  std::vector<Finding> findings;
  std::vector<DurationNs> round_trips_ns;
  for (const Met& met : meeting.members) {
    if (!met.round_trip_ns) {
      findings.push_back(silent_finding(met));
      continue;
    }
    round_trips_ns.push_back(*met.round_trip_ns);
    if (!met.long_packets) findings.push_back(path_finding(meeting, met));
  }
  if (!round_trips_ns.empty()) {
    const auto [shortest, longest] = std::ranges::minmax(round_trips_ns);
    cluster.found =
        fmt::format("{} of {} others answer over {}, a call and its answer in {} to {}, inline",
                    round_trips_ns.size(), meeting.members.size(), meeting.way, about(shortest),
                    about(longest));
    findings.push_back(cluster);
  }
  if (std::ranges::all_of(meeting.members, &Met::long_packets))
    findings.push_back({.topic = "mtu between members",
                        .found = fmt::format("packets of {} bytes arrive at all", meeting.mtu)});
  return findings;
}

}  // namespace muster::doctor
