#include "node/config_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "node/toml_section.h"

namespace muster {
namespace {

class Reader {
 public:
  explicit Reader(const toml::table& root) : root_(root, "", report_) {}

  NodeConfig read() {
    general();
    timers();
    cores();
    dpdk();
    limits();
    services();
    root_.refuse_the_rest();
    for (ConfigMistake& mistake : find_mistakes(config_))
      report_.wrong(mistake.field, report_.line_of(mistake.field), std::move(mistake.text));
    return std::move(config_);
  }
  const FileReport& report() const { return report_; }

 private:
  void general() {
    root_.text("name", config_.name);
    root_.text("cluster", config_.cluster);
    root_.choice("transport", config_.transport,
                 {{"dpdk", TransportKind::dpdk}, {"socket", TransportKind::socket}});
    root_.text("device", config_.device);
    root_.text("address", config_.address);
    root_.number("mtu", config_.mtu);
    root_.number("vlan", config_.vlan);
    root_.number("port", config_.port);
    root_.text("group", config_.group);
    root_.text("gateway", config_.gateway);
    root_.flag("multicast", config_.multicast);
    root_.texts("seeds", config_.seeds);
    root_.choice("mode", config_.mode,
                 {{"pipelined", Mode::pipelined}, {"inline", Mode::run_inline}});
    root_.number("io_threads", config_.io_threads);
    root_.choice("idle", config_.idle,
                 {{"auto", Idle::automatic},
                  {"spin", Idle::spin},
                  {"backoff", Idle::backoff},
                  {"sleep", Idle::sleep}});
    root_.choice("catch_up_from", config_.directory.join_from,
                 {{"owners", CatchUpFrom::owners}, {"one_member", CatchUpFrom::one_member}});
  }

  /// Reads the table `name` with `read`, where there is one.
  template <class Read>
  void section(std::string_view name, Read&& read) {
    const toml::table* table = root_.table(name);
    if (table == nullptr) return;
    TomlSection fields(*table, fmt::format("{}.", name), report_);
    read(fields);
    fields.refuse_the_rest();
  }

  void timers() {
    section("timers", [this](TomlSection& fields) {
      Preset preset = Preset::lan;
      fields.choice("preset", preset,
                    {{"lan", Preset::lan}, {"fast", Preset::fast}, {"wan", Preset::wan}});
      use_preset(config_, preset);
      fields.duration("heartbeat_interval", config_.membership.heartbeat_interval_ns);
      fields.duration("suspect_after", config_.membership.suspect_after_ns);
      fields.duration("dead_after", config_.membership.dead_after_ns);
      fields.duration("join_listen", config_.membership.join_listen_ns);
      fields.duration("request_jitter", config_.directory.request_jitter_ns);
      fields.duration("request_timeout", config_.directory.request_timeout_ns);
      fields.duration("retransmit_min", config_.messaging.retransmit_min_ns);
      fields.duration("retransmit_max", config_.messaging.retransmit_max_ns);
      fields.duration("stall_threshold", config_.stall_threshold_ns);
      fields.duration("port_lost_after", config_.port_lost_after_ns);
    });
  }

  void cores() {
    section("cores", [this](TomlSection& fields) {
      fields.numbers("io", config_.cores.io);
      fields.number("engine", config_.cores.engine);
    });
  }

  void dpdk() {
    section("dpdk", [this](TomlSection& fields) {
      fields.choice("way", config_.dpdk.way,
                    {{"auto", PortWay::automatic},
                     {"vfio", PortWay::vfio},
                     {"bifurcated", PortWay::bifurcated},
                     {"af_xdp", PortWay::af_xdp},
                     {"af_packet", PortWay::af_packet}});
      fields.number("memory_mb", config_.dpdk.memory_mb);
      fields.flag("hugepages", config_.dpdk.hugepages);
      fields.flag("udp_checksum", config_.dpdk.udp_checksum);
      fields.texts("eal_arguments", config_.dpdk.eal_arguments);
    });
  }

  void limits() {
    section("limits", [this](TomlSection& fields) {
      fields.number("pool_packets", config_.limits.pool_packets);
      fields.number("event_queue", config_.limits.event_queue);
      fields.number("event_backlog", config_.limits.event_backlog);
      fields.number("event_backlog_bytes", config_.limits.event_backlog_bytes);
      fields.number("command_queue", config_.limits.command_queue);
      fields.number("members", config_.membership.members_max);
      fields.number("helpers", config_.membership.helpers);
      fields.number("calls", config_.messaging.calls_max);
      fields.number("window_packets", config_.messaging.window_packets);
      fields.number("queue_packets", config_.messaging.queue_packets);
      fields.number("topics", config_.messaging.topics_max);
      fields.number("retained_packets", config_.messaging.retained_packets);
      fields.number("subscriptions", config_.messaging.subscriptions_max);
      fields.number("streams", config_.messaging.streams_max);
      fields.number("kept_packets", config_.limits.kept_packets);
      fields.number("long_message_bytes", config_.limits.long_message_bytes);
      fields.number("tree_bytes", config_.directory.tree_bytes_max);
      fields.number("tombstone_bytes", config_.directory.tombstone_bytes_max);
      fields.number("change_log_bytes", config_.directory.change_log_bytes_max);
      fields.number("bindings_per_step", config_.directory.bindings_per_step);
      fields.number("answer_pages", config_.directory.answer_pages_max);
      fields.number("answer_packets_per_ms", config_.directory.answer_packets_per_ms);
      fields.number("repair_threshold", config_.directory.repair_threshold);
    });
  }

  void services() {
    for (const toml::table* table : root_.tables("services")) {
      const std::string name = fmt::format("services[{}]", config_.services.size());
      report_.stands(name, table->source().begin.line);
      TomlSection fields(*table, name + ".", report_);
      ServiceConfig& service = config_.services.emplace_back();
      fields.text("path", service.path);
      fields.text("value", service.value);
      fields.texts("attributes", service.attributes);
      fields.refuse_the_rest();
    }
  }

  FileReport report_;
  TomlSection root_;
  NodeConfig config_;
};

}  // namespace

NodeConfig parse_config(std::string_view toml, const std::string& name) {
  toml::table root;
  try {
    root = toml::parse(toml, name);
  } catch (const toml::parse_error& error) {
    throw ConfigError(fmt::format("{}:{}: is not TOML: {}", name, error.source().begin.line,
                                  error.description()));
  }
  Reader reader(root);
  NodeConfig config = reader.read();
  if (!reader.report().clean()) throw ConfigError(reader.report().text(name));
  return config;
}

NodeConfig load_config(const std::string& path) {
  const auto unreadable = [&](const char* why) {
    return ConfigError(
        fmt::format("{}: cannot be read: {}; give the path of a TOML file", path, why));
  };
  if (std::filesystem::is_directory(path)) throw unreadable("it is a folder");
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file || file.bad()) throw unreadable(std::strerror(errno));
  return parse_config(text, path);
}

}  // namespace muster
