#include "node/node.h"

#include <utility>

#include <fmt/format.h>

#include "node/client_parts.h"
#include "node/clock.h"
#include "node/idle_choice.h"
#include "node/inline_runner.h"
#include "node/node_impl.h"
#include "node/open_port.h"
#include "node/pipelined_runner.h"
#include "node/thread.h"

namespace muster {
namespace {

std::unique_ptr<Driver> make_driver(const NodeConfig& config, OpenPort& port) {
  if (config.mode == Mode::run_inline) return std::make_unique<InlineRunner>(config, port);
  return std::make_unique<PipelinedRunner>(config, port);
}

ChannelSet channels_of(const ClientConfig& config) {
  ChannelSet channels;
  const std::size_t last = std::size_t{config.first_channel} + config.channels;
  for (std::size_t id = config.first_channel; id < last && id < wire::channels; ++id)
    channels.set(id);
  if (channels.none() || last > wire::channels)
    throw StartError(fmt::format(
        "there are no {} channels from {} on: a client needs one at least, and the last is {}",
        config.channels, config.first_channel, wire::channels - 1));
  return channels;
}

NodeConfig settled(NodeConfig config, Idle idle, const PortInfo& port) {
  config.idle = idle;
  if (!port.io_cores.empty()) config.cores.io = port.io_cores;
  return config;
}

/// What was left to the node is decided.
struct Settled {
  Settled(const NodeConfig& asked, const OpenPort& port)
      : waits(choose_idle(asked, {.queues = port.queues.size(),
                                  .cores = usable_cores(),
                                  .wakes = !port.queues.front().transport->descriptors().empty()})),
        config(settled(asked, waits.idle, port.info)) {}

  const IdleChoice waits;
  const NodeConfig config;
};

/// The driver stands on the port, and clients that outlive the node stand on both.
struct Opened {
  Opened(const NodeConfig& config, OpenPort opened)
      : port(std::move(opened)), driver(make_driver(config, port)) {}

  OpenPort port;
  std::unique_ptr<Driver> driver;
};

/// Ends with the node, after what the node's own thread has of it.
struct Running {
  Running(const NodeConfig& config, OpenPort port)
      : opened(std::make_shared<Opened>(config, std::move(port))), driver(*opened->driver) {}
  ~Running() { driver.end(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  std::shared_ptr<Opened> opened;
  Driver& driver;
};

}  // namespace

struct Node::Parts final : Settled, Running, Client::Parts {
  Parts(const NodeConfig& asked, Handler& handler, OpenPort port)
      : Settled(asked, port),
        Running(config, std::move(port)),
        Client::Parts(config, handler, driver.runner(), all_channels) {
    application.advertise(config.services);
  }
  ~Parts() override { application.end(); }
};

Node::Node(const NodeConfig& config, Handler& handler) : Client(nullptr) {
  validate(config);
  parts_ = std::make_unique<Parts>(config, handler, open_port(config));
}

Node::Node(std::unique_ptr<Parts> parts) : Client(std::move(parts)) {}
Node::~Node() = default;
Node::Node(Node&&) noexcept = default;

Node::Parts& Node::parts() const { return static_cast<Parts&>(*parts_); }

Node make_node(const NodeConfig& config, Handler& handler,
               std::vector<std::unique_ptr<Transport>> queues) {
  validate(config);
  OpenPort port;
  for (auto& queue : queues) port.queues.push_back({.transport = std::move(queue)});
  return Node(std::make_unique<Node::Parts>(config, handler, std::move(port)));
}

Client Node::attach(const ClientConfig& config, Handler& handler) {
  const ChannelSet channels = channels_of(config);
  Parts& own = parts();
  own.application.give_away(channels);
  try {
    return Client(std::make_unique<AttachedParts>(
        own.config, handler, OwnRunner{own.opened, own.driver.attach(channels, config.directory)},
        channels));
  } catch (...) {
    own.application.take_back(channels);
    throw;
  }
}

const PortInfo& Node::port() const { return parts().opened->port.info; }
const IdleChoice& Node::waits() const { return parts().waits; }

NodeStats Node::stats() const {
  NodeStats stats;
  parts().driver.fill(stats);
  parts().application.fill(stats);
  return stats;
}

bool Node::join(DurationNs timeout_ns) {
  const Application& application = parts_->application;
  const TimeNs start = monotonic_ns();
  if (application.standing() != Standing::member) poll();  // a port that was lost may be back
  while (application.standing() != Standing::member) {
    if (!application.failure().empty()) throw StartError(application.failure());
    if (application.standing() == Standing::left) throw StartError("the node has left the cluster");
    if (monotonic_ns() - start >= timeout_ns) return false;
    idle(poll());
  }
  return true;
}

void Node::leave() { parts_->application.leave(); }

AdvertiseResult Node::advertise(std::string_view path, std::span<const std::byte> value,
                                Attributes attributes) {
  return parts_->application.advertise(path, value, attributes);
}
AdvertiseResult Node::advertise(std::string_view path, std::string_view value,
                                Attributes attributes) {
  return advertise(path, std::as_bytes(std::span(value)), attributes);
}
AdvertiseResult Node::advertise(const Batch& batch) { return parts_->application.advertise(batch); }
AdvertiseResult Node::withdraw_all() { return parts_->application.withdraw_all(); }
AdvertiseResult Node::withdraw(std::string_view path) { return parts_->application.withdraw(path); }
AdvertiseResult Node::serve(std::string_view path, std::span<const std::byte> value,
                            ServiceHandler handler, Attributes attributes) {
  return parts_->application.serve(path, value, std::move(handler), attributes);
}

}  // namespace muster
