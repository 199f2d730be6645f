#include "node/config.h"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "cluster/attributes.h"
#include "cluster/publishing/role.h"
#include "cluster/wire/layout.h"
#include "cluster/wire/path.h"
#include "node/address.h"
#include "node/config_ranges.h"
#include "node/duration.h"
#include "node/event.h"
#include "node/pool_shares.h"

namespace muster {
namespace {

/// Changes that a packet of an answer holds, whatever their paths.
constexpr std::uint64_t changes_per_page_max(std::uint32_t mtu) {
  return payload_bytes_of(mtu) / sizeof(wire::Change);
}
/// The removal of a member, and where the batch of its withdrawals begins and ends.
constexpr std::uint64_t events_per_removal = 3;
constexpr std::uint64_t event_bytes_max =
    sizeof(Event) + wire::path_bytes_max + wire::value_bytes_max + Attributes::bytes_max;

/// Collects the mistakes of one configuration; a function for each part of it.
class Check {
 public:
  explicit Check(const NodeConfig& config) : config_(config) {}

  std::vector<ConfigMistake> run() && {
    names();
    network();
    io_threads();
    cores();
    timers();
    limits();
    services();
    return std::move(mistakes_);
  }

 private:
  template <class... Args>
  void wrong(std::string_view field, fmt::format_string<Args...> text, Args&&... args) {
    mistakes_.push_back({std::string(field), fmt::format(text, std::forward<Args>(args)...)});
  }

  void in_range(std::string_view field, std::uint64_t value) {
    const Range& range = range_of(field);
    if (range.holds(value)) return;
    wrong(field, "{}",
          range.refuse(range.kind == Range::Kind::duration ? duration_text(value)
                                                           : std::to_string(value)));
  }

  void a_name(std::string_view field, std::string_view name, std::string_view remedy) {
    if (name.empty())
      wrong(field, "is missing: {}", remedy);
    else if (name.size() > wire::name_bytes_max)
      wrong(field, "has {} bytes: give at most {}", name.size(), wire::name_bytes_max);
    else if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
      wrong(field, "has control characters: use letters, digits and punctuation");
  }

  void names() {
    a_name("name", config_.name, "give this member a name that no other member has");
    a_name("cluster", config_.cluster, "give the cluster's name, the same for all members");
  }

  void network() {
    if (config_.transport == TransportKind::dpdk && config_.device.empty())
      wrong("device",
            "is missing: give an interface, its MAC, a PCI address or a vdev of DPDK, or set "
            "transport = \"socket\"");
    own_address();
    mtu();
    vlan();
    in_range("port", config_.port);
    group();
    gateway();
    seeds();
    in_range("dpdk.memory_mb", config_.dpdk.memory_mb);
  }

  /// A cluster is of one family, that of this member's own address; without one, of any.
  bool of_our_family(std::string_view field, std::string_view text, const IpAddress& address) {
    const auto own = parse_network(config_.address);
    if (!own || own->address.same_family(address)) return true;
    wrong(field, "{} is not of {}, as address {} is: give one of the same family", text,
          own->address.is_v4() ? "IPv4" : "IPv6", config_.address);
    return false;
  }

  void mtu() {
    in_range("mtu", config_.mtu);
    const auto own = parse_network(config_.address);
    if (own && !own->address.is_v4() && config_.mtu >= mtu_min && config_.mtu < mtu_min_ipv6)
      wrong("mtu", "{} is too little over IPv6, whose headers are longer: give {} at least",
            config_.mtu, mtu_min_ipv6);
  }

  void vlan() {
    if (!config_.vlan) return;
    if (config_.transport == TransportKind::dpdk) return in_range("vlan", *config_.vlan);
    wrong("vlan",
          "is for ports of DPDK, and over sockets the kernel tags: leave it out, and give the "
          "address to an interface of the VLAN, as `ip link add link eth0 name eth0.{0} type vlan "
          "id {0}` makes one",
          *config_.vlan);
  }

  void group() {
    if (config_.group.empty()) return;
    const auto group = parse_address(config_.group);
    if (!group)
      return wrong("group", "\"{}\" is not an address: give one like 239.77.0.1 or ff12::4d:1",
                   config_.group);
    if (!of_our_family("group", config_.group, *group)) return;
    const char* remedy = group->is_v4() ? "give one from 224.0.1.0 to 239.255.255.255"
                                        : "give one of ff12::/16, or of ff15::/16";
    // Of IPv6 those of no transient kind, and those that do not leave the interface.
    const auto kind_and_scope = static_cast<std::uint8_t>(group->high >> 48);
    const bool reserved = group->is_v4()
                              ? group->v4() >> 8 == 0xe00000
                              : (kind_and_scope & 0x10) == 0 || (kind_and_scope & 0x0f) < 2;
    if (!group->is_multicast())
      wrong("group", "{} is not a multicast address: {}", config_.group, remedy);
    else if (reserved)
      wrong("group", "{} is reserved: {}", config_.group, remedy);
  }

  void gateway() {
    const auto network = parse_network(config_.address);
    if (config_.gateway.empty() || !network) return;
    const auto gateway = parse_address(config_.gateway);
    if (!gateway)
      wrong("gateway", "\"{}\" is not an address: give one like 10.77.0.254", config_.gateway);
    else if (!of_our_family("gateway", config_.gateway, *gateway))
      return;
    else if (*gateway == network->address)
      wrong("gateway", "{} is this member's own: give the router's address", config_.gateway);
    else if (!network->contains(*gateway) && !gateway->is_link_local())
      wrong("gateway", "{} is not in the network of address {}: give the router's address there",
            config_.gateway, config_.address);
  }

  void seeds() {
    if (config_.seeds.size() > seeds_max)
      wrong("seeds", "are {}: give at most {}", config_.seeds.size(), seeds_max);
    for (const std::string& seed : config_.seeds) {
      const auto at = parse_endpoint(seed);
      if (!at)
        wrong("seeds",
              "\"{}\" is not an address with a port: give one like 10.0.0.1:7777 or [fd77::1]:7777",
              seed);
      else if (!may_be_a_host(*at))
        wrong("seeds", "{} cannot be a member's own: give a unicast address and a port", seed);
      else
        of_our_family("seeds", seed, at->address);
    }
    // A copy of each heartbeat for each member is kept in reserve.
    const bool copies = !config_.multicast || !config_.seeds.empty();
    if (copies && config_.membership.members_max > config_.limits.pool_packets / 4)
      wrong("limits.members",
            "is {}, more than a quarter of limits.pool_packets, and without multicast each member "
            "gets a copy: give less, or more packets",
            config_.membership.members_max);
  }

  void own_address() {
    if (config_.address.empty())
      return wrong("address", "is missing: give this member's own, like 10.77.0.1/24");
    const auto network = parse_network(config_.address);
    if (!network)
      return wrong("address",
                   "\"{}\" is not an address with its network: give one like 10.77.0.1/24 or "
                   "fd77::1/64",
                   config_.address);
    const IpAddress& own = network->address;
    if (!may_be_a_host({own, config_.port}) && config_.port != 0)
      return wrong("address", "{} cannot be a member's own: give a unicast address",
                   config_.address);
    if (own.is_link_local() && network->interface.empty() &&
        config_.transport == TransportKind::socket)
      wrong("address", "{} is on every segment: say on which interface, as in {}%eth0",
            config_.address, to_string(own));
    // Of the two addresses of a line between two, and of one alone, neither means anything else.
    if (own.bits() - network->prefix_bits < 2) return;
    if (own == network->first())
      wrong("address", "{} is the {} of its network: give another", config_.address,
            own.is_v4() ? "number" : "routers' address");
    else if (own.is_v4() && own == network->last())
      wrong("address", "{} is the broadcast address of its network: give another", config_.address);
  }

  void cores() {
    const auto& [io, engine] = config_.cores;
    for (const std::uint32_t core : io) in_range("cores.io", core);
    if (engine) in_range("cores.engine", *engine);
    if (!io.empty() && io.size() != config_.io_threads)
      wrong("cores.io", "has the length {}, and io_threads is {}: give a core for each, or none",
            io.size(), config_.io_threads);
    if (config_.idle != Idle::spin) return;
    if (engine && std::ranges::count(io, *engine) > 0)
      wrong("cores.engine",
            "is {}, as is cores.io, and both threads spin: give another core, or set idle = "
            "\"backoff\"",
            *engine);
    for (const std::uint32_t core : std::set(io.begin(), io.end()))
      if (std::ranges::count(io, core) > 1)
        wrong("cores.io",
              "has {} twice, and both threads spin: give another core, or set idle = \"backoff\"",
              core);
  }

  void io_threads() {
    in_range("io_threads", config_.io_threads);
    if (config_.io_threads == 1) return;
    if (config_.mode == Mode::run_inline)
      wrong("io_threads",
            "is {}, and an inline node has no such thread: leave it out, or set mode = "
            "\"pipelined\"",
            config_.io_threads);
    else if (config_.transport == TransportKind::socket)
      wrong("io_threads",
            "is {}, and kernel sockets have one queue: leave it out, or set transport = \"dpdk\"",
            config_.io_threads);
  }

  void timers() {
    const MembershipConfig& m = config_.membership;
    in_range("timers.heartbeat_interval", m.heartbeat_interval_ns);
    in_range("timers.suspect_after", m.suspect_after_ns);
    in_range("timers.dead_after", m.dead_after_ns);
    in_range("timers.join_listen", m.join_listen_ns);
    in_range("timers.request_jitter", config_.directory.request_jitter_ns);
    in_range("timers.request_timeout", config_.directory.request_timeout_ns);
    in_range("timers.retransmit_min", config_.messaging.retransmit_min_ns);
    in_range("timers.retransmit_max", config_.messaging.retransmit_max_ns);
    in_range("timers.stall_threshold", config_.stall_threshold_ns);
    in_range("timers.port_lost_after", config_.port_lost_after_ns);
    if (m.suspect_after_ns / 2 < m.heartbeat_interval_ns)
      wrong("timers.suspect_after",
            "is {}, and heartbeats come every {}: one lost packet would accuse a member; give at "
            "least twice the interval",
            duration_text(m.suspect_after_ns), duration_text(m.heartbeat_interval_ns));
    if (m.join_listen_ns / 2 < m.heartbeat_interval_ns)
      wrong("timers.join_listen",
            "is {}, and heartbeats come every {}: a joiner would not hear of everybody; give at "
            "least twice the interval",
            duration_text(m.join_listen_ns), duration_text(m.heartbeat_interval_ns));
    if (config_.messaging.retransmit_max_ns < config_.messaging.retransmit_min_ns)
      wrong("timers.retransmit_max", "is {}, less than timers.retransmit_min, {}: give more",
            duration_text(config_.messaging.retransmit_max_ns),
            duration_text(config_.messaging.retransmit_min_ns));
  }

  void limits() {
    in_range("limits.pool_packets", config_.limits.pool_packets);
    in_range("limits.event_queue", config_.limits.event_queue);
    in_range("limits.event_backlog", config_.limits.event_backlog);
    in_range("limits.event_backlog_bytes", config_.limits.event_backlog_bytes);
    in_range("limits.command_queue", config_.limits.command_queue);
    in_range("limits.members", config_.membership.members_max);
    in_range("limits.helpers", config_.membership.helpers);
    in_range("limits.calls", config_.messaging.calls_max);
    in_range("limits.window_packets", config_.messaging.window_packets);
    in_range("limits.queue_packets", config_.messaging.queue_packets);
    in_range("limits.topics", config_.messaging.topics_max);
    in_range("limits.retained_packets", config_.messaging.retained_packets);
    in_range("limits.subscriptions", config_.messaging.subscriptions_max);
    in_range("limits.streams", config_.messaging.streams_max);
    in_range("limits.kept_packets", config_.limits.kept_packets);
    in_range("limits.long_message_bytes", config_.limits.long_message_bytes);
    in_range("limits.tree_bytes", config_.directory.tree_bytes_max);
    in_range("limits.tombstone_bytes", config_.directory.tombstone_bytes_max);
    in_range("limits.change_log_bytes", config_.directory.change_log_bytes_max);
    in_range("limits.bindings_per_step", config_.directory.bindings_per_step);
    in_range("limits.answer_pages", config_.directory.answer_pages_max);
    in_range("limits.answer_packets_per_ms", config_.directory.answer_packets_per_ms);
    in_range("limits.repair_threshold", config_.directory.repair_threshold);
    // What waits for the application holds packets that the member itself could need.
    if (config_.limits.event_queue > config_.limits.pool_packets / 4)
      wrong("limits.event_queue", "is {}, more than a quarter of limits.pool_packets: give less",
            config_.limits.event_queue);
    if (range_of("limits.pool_packets").holds(config_.limits.pool_packets) &&
        config_.limits.kept_packets > pool_share::kept(config_.limits.pool_packets))
      wrong("limits.kept_packets", "is {}, more than a sixteenth of limits.pool_packets: give less",
            config_.limits.kept_packets);
    if (config_.services.size() > config_.limits.command_queue)
      wrong("limits.command_queue", "is {}, less than the {} services to advertise: give more",
            config_.limits.command_queue, config_.services.size());
    // So much may come after the application was found to be far from it: a step, in which a
    // binding may be withdrawn and bound anew, or a window of pages; and all members may go.
    const std::uint64_t in_one_call =
        std::max<std::uint64_t>(
            2 * std::uint64_t{config_.directory.bindings_per_step},
            changes_per_page_max(config_.mtu) * config_.directory.answer_pages_max) +
        events_per_removal * config_.membership.members_max +
        // Each may have subscribed to each topic, and have published what this member follows. A
        // new incarnation of it may refuse whatever each publishes of what it has subscribed to.
        (std::uint64_t{config_.messaging.topics_max} + config_.messaging.subscriptions_max) *
            config_.membership.members_max +
        config_.messaging.streams_max;
    if (config_.limits.event_backlog / 2 < in_one_call)
      wrong("limits.event_backlog",
            "is {}, and limits.bindings_per_step, limits.answer_pages, limits.members, "
            "limits.topics, limits.subscriptions and limits.streams bring {} events at once: give "
            "at least twice as many, or less there",
            config_.limits.event_backlog, in_one_call);
    const std::uint64_t bytes_in_one_step =
        2 * event_bytes_max * config_.directory.bindings_per_step;
    if (config_.limits.event_backlog_bytes / 2 < bytes_in_one_step)
      wrong("limits.event_backlog_bytes",
            "is {}, and limits.bindings_per_step may bring {} at once: give at least twice as "
            "many, or less there",
            config_.limits.event_backlog_bytes, bytes_in_one_step);
    if (config_.directory.tombstone_bytes_max > config_.directory.tree_bytes_max / 2)
      wrong("limits.tombstone_bytes", "is {}, more than half of limits.tree_bytes: give less",
            config_.directory.tombstone_bytes_max);
  }

  void services() {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < config_.services.size(); ++i) {
      const ServiceConfig& service = config_.services[i];
      const std::string field = fmt::format("services[{}].path", i);
      if (service.path.empty())
        wrong(field, "is missing: give the name of the service, like /shop/payments");
      else if (!wire::valid_path(service.path))
        wrong(field, "\"{}\" is not a path: give segments, each after a '/', at most {} bytes",
              service.path, wire::path_bytes_max);
      else if (!seen.insert(service.path).second)
        wrong(field, "\"{}\" is there twice: remove one", service.path);
      else if (is_reserved(service.path))
        wrong(field, "\"{}\" is reserved for topics: give another name", service.path);
      if (service.value.size() > wire::value_bytes_max)
        wrong(fmt::format("services[{}].value", i), "has {} bytes: give at most {}",
              service.value.size(), wire::value_bytes_max);
      AttributeSet attributes;
      for (const auto& [key, value] : service.attributes)
        if (!attributes.set(key, value))
          wrong(fmt::format("services[{}].attributes", i),
                "cannot take \"{}\": give keys of 1 to {} bytes, values of at most {}, and at most "
                "{} bytes in all, with 2 for each",
                key, Attributes::key_bytes_max, Attributes::value_bytes_max, Attributes::bytes_max);
    }
  }

  const NodeConfig& config_;
  std::vector<ConfigMistake> mistakes_;
};

}  // namespace

void use_preset(NodeConfig& config, Preset preset) {
  DirectoryConfig directory;
  MessagingConfig messaging;
  config.membership = preset == Preset::fast ? fast_timers() : lan_timers();
  if (preset == Preset::wan) {  // a packet may take as long as a heartbeat comes after the last
    config.membership = wan_timers();
    directory.request_jitter_ns = 20 * ms;
    directory.request_timeout_ns = 2 * config.membership.heartbeat_interval_ns;
    messaging.retransmit_min_ns = 1 * ms;
    messaging.retransmit_max_ns = 4 * config.membership.heartbeat_interval_ns;
  }
  config.directory.request_jitter_ns = directory.request_jitter_ns;
  config.directory.request_timeout_ns = directory.request_timeout_ns;
  config.messaging.retransmit_min_ns = messaging.retransmit_min_ns;
  config.messaging.retransmit_max_ns = messaging.retransmit_max_ns;
}

std::vector<ConfigMistake> find_mistakes(const NodeConfig& config) { return Check(config).run(); }

void validate(const NodeConfig& config) {
  std::string all;
  for (const ConfigMistake& mistake : find_mistakes(config))
    all += fmt::format("{}{}: {}", all.empty() ? "" : "\n", mistake.field, mistake.text);
  if (!all.empty()) throw ConfigError(all);
}

}  // namespace muster
