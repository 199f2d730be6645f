#include "node/node.h"

#include <cassert>
#include <utility>

#include "node/application.h"
#include "node/clock.h"
#include "node/idle_strategy.h"
#include "node/inline_runner.h"
#include "node/node_impl.h"
#include "node/open_port.h"
#include "node/pipelined_runner.h"

namespace muster {
namespace {

std::unique_ptr<Runner> make_runner(const NodeConfig& config, OpenPort& port) {
  if (config.mode == Mode::run_inline) return std::make_unique<InlineRunner>(config, port);
  return std::make_unique<PipelinedRunner>(config, port);
}

}  // namespace

// Each part stands on those before it.
struct Node::Parts {
  Parts(const NodeConfig& config, Handler& handler, OpenPort opened)
      : port(std::move(opened)),
        runner(make_runner(config, port)),
        application(config, handler, *runner),
        idle(config.idle) {}

  OpenPort port;
  std::unique_ptr<Runner> runner;
  Application application;
  IdleStrategy idle;
};

Node::Node(const NodeConfig& config, Handler& handler) {
  validate(config);
  parts_ = std::make_unique<Parts>(config, handler, open_port(config));
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Node::~Node() = default;
Node::Node(Node&&) noexcept = default;

Node make_node(const NodeConfig& config, Handler& handler, std::unique_ptr<Transport> transport) {
  validate(config);
  OpenPort port;
  port.transport = std::move(transport);
  return Node(std::make_unique<Node::Parts>(config, handler, std::move(port)));
}

std::size_t Node::poll() { return parts_->application.poll(); }

void Node::idle(std::size_t work) { parts_->idle.idle(work, parts_->application.next_deadline()); }

void Node::run_for(DurationNs duration_ns) {
  const TimeNs start = monotonic_ns();
  while (monotonic_ns() - start < duration_ns) idle(poll());
}

bool Node::join(DurationNs timeout_ns) {
  const Application& application = parts_->application;
  const TimeNs start = monotonic_ns();
  while (application.standing() != Standing::member) {
    if (!application.failure().empty()) throw StartError(application.failure());
    if (application.standing() == Standing::left) throw StartError("the node has left the cluster");
    if (monotonic_ns() - start >= timeout_ns) return false;
    idle(poll());
  }
  return true;
}

int Node::event_fd() { return parts_->application.event_fd(); }
bool Node::arm() { return parts_->application.arm(); }

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

std::span<const Bound> Node::lookup(std::string_view path) const {
  return parts_->application.index().lookup(path);
}
std::optional<MemberKey> Node::pick(std::string_view path, const Pick& how) {
  return parts_->application.pick(path, how);
}
void Node::list(std::string_view prefix,
                const std::function<void(std::string_view, const Bound&)>& visit) const {
  parts_->application.index().list(prefix, visit);
}
std::size_t Node::names() const { return parts_->application.index().names(); }
WatchId Node::watch(std::string_view prefix, WatchCallback callback) {
  return parts_->application.watch(prefix, std::move(callback));
}
void Node::unwatch(WatchId id) { parts_->application.unwatch(id); }

std::vector<MemberView> Node::members() const { return parts_->application.members(); }
const MemberView* Node::member(MemberId id) const { return parts_->application.member(id); }

SendResult Node::send(MemberId to, std::span<const std::byte> payload, ChannelId channel) {
  return parts_->application.send(to, payload, channel);
}
Buffer Node::claim(std::size_t bytes) { return parts_->application.claim(bytes); }
SendResult Node::commit(Buffer& buffer, MemberId to, ChannelId channel) {
  return parts_->application.commit(buffer, to, channel);
}
std::size_t Node::packet_bytes_max() const { return parts_->application.packet_bytes_max(); }
void Node::flush() { parts_->application.flush(); }

CallStart Node::call(std::string_view path, std::span<const std::byte> payload,
                     DurationNs deadline_ns, CallCallback callback, const CallOptions& options) {
  return parts_->application.call(path, payload, deadline_ns, {std::move(callback)}, options);
}
CallStart Node::call(MemberId to, std::string_view path, std::span<const std::byte> payload,
                     DurationNs deadline_ns, CallCallback callback, ChannelId channel) {
  return parts_->application.call(to, path, payload, deadline_ns, {std::move(callback)}, channel);
}
AwaitedCall Node::call(std::string_view path, std::span<const std::byte> payload,
                       DurationNs deadline_ns, const CallOptions& options) {
  return AwaitedCall(parts_->application, std::nullopt, path, payload, deadline_ns, options);
}
AwaitedCall Node::call(MemberId to, std::string_view path, std::span<const std::byte> payload,
                       DurationNs deadline_ns, ChannelId channel) {
  return AwaitedCall(parts_->application, to, path, payload, deadline_ns, {.channel = channel});
}
NextPoll Node::next_poll() { return NextPoll(parts_->application); }
void Node::spawn(Task<> task) { parts_->application.spawn(std::move(task)); }
void Node::cancel(CallId id) { parts_->application.cancel(id); }

Standing Node::standing() const { return parts_->application.standing(); }
bool Node::synchronized() const { return parts_->application.synchronized(); }
MemberKey Node::self() const { return parts_->application.self(); }
NodeStats Node::stats() const { return parts_->application.stats(); }

}  // namespace muster
