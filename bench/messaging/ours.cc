// muster's own sessions, over memif, over the virtual switch and over kernel sockets. All that this
// suite knows of the library's interface stands here.
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/messaging/endpoint.h"
#include "bench/messaging/ways.h"
#include "node/node.h"

namespace muster::bench {

namespace {

const char* name_of(Role role) { return role == Role::near ? "near" : "far"; }

NodeConfig config_for(const Place& place, Mode mode) {
  NodeConfig config;
  config.name = name_of(place.role);
  config.cluster = "bench";
  config.port = place.port;
  config.mtu = mtu();
  config.dpdk.memory_mb = memory_mb;
  config.mode = mode;
  config.idle = mode == Mode::pipelined ? Idle::backoff : Idle::spin;
  const auto core = static_cast<std::uint32_t>(place.core);
  if (mode == Mode::run_inline) return config;
  config.io_threads = io_threads();
  config.cores = {.io = std::vector(config.io_threads, core), .engine = core};
  return config;
}

NodeConfig over_port(NodeConfig config, const Place& place, const std::string& device) {
  config.device = device;
  config.address = std::string("10.77.0.") + (place.role == Role::near ? "1" : "2") + "/24";
  return config;
}

NodeConfig over_sockets(NodeConfig config, const Place& place) {
  config.transport = TransportKind::socket;
  config.address = std::string("127.0.0.") + (place.role == Role::near ? "1" : "2") + "/8";
  return config;
}

/// Several of these go into one packet.
constexpr std::size_t shared_bytes_max = 256;

enum class Talk : std::uint8_t { to_the_member, on_a_topic };

class Ours final : public MessageEndpoint, Handler {
 public:
  Ours(const Place& place, const NodeConfig& config, Talk talk = Talk::to_the_member)
      : node_(config, *this) {
    const std::string own = name_of(place.role);
    const std::string other = name_of(place.role == Role::near ? Role::far : Role::near);
    other_ = member_id(other);
    if (talk == Talk::to_the_member) return;
    topic_ = node_.announce({.name = "/" + own, .slow = SlowSubscriber::slows}).topic;
    if (topic_ == 0 || node_.subscribe("/" + other).result != TopicResult::done)
      throw std::runtime_error("there is no room for a topic");
  }

  bool connect() override {
    node_.poll();
    if (node_.standing() == Standing::refused) throw std::runtime_error("the member was refused");
    return node_.standing() == Standing::member && node_.member(other_) != nullptr &&
           (topic_ == 0 || followed_);
  }
  std::size_t message_bytes_max() const override { return wire::message_bytes_max; }
  std::size_t packet_message_bytes() const override { return node_.packet_bytes_max(); }

  /// Small messages are copied, once, into a packet that they share; others are written in place.
  std::span<std::byte> claim(std::size_t bytes) override {
    in_place_ = bytes > shared_bytes_max;
    if (in_place_) {
      buffer_ = node_.claim(bytes);
      return buffer_.bytes();
    }
    if (copied_.size() != bytes) copied_.resize(bytes);
    return copied_;
  }
  bool commit() override {
    const SendResult result = topic_ == 0 ? send() : publish();
    if (result == SendResult::not_connected || result == SendResult::closed) {
      throw std::runtime_error("the other member was removed while messages were under way");
    }
    return result == SendResult::sent;
  }

  std::size_t poll(Inbox& inbox) override {
    inbox_ = &inbox;
    return node_.poll();
  }

 private:
  SendResult send() {
    return in_place_ ? node_.commit(buffer_, other_) : node_.send(other_, copied_);
  }
  SendResult publish() {
    return in_place_ ? node_.commit(buffer_, topic_) : node_.publish(topic_, copied_);
  }

  void on_message(const Message& message) override { hear(message); }
  void on_publication(const Publication& publication) override { hear(publication); }
  void on_subscriber(const SubscriberEvent& event) override {
    followed_ = event.change == SubscriberChange::joined;
  }
  void hear(const Received& message) {
    if (inbox_ != nullptr) inbox_->on_message({message.pieces(), message.size()});
  }

  MemberId other_{};
  TopicNumber topic_ = 0;  ///< 0: what is said is said to the other member
  bool followed_ = false;
  Inbox* inbox_ = nullptr;
  Node node_;
  Buffer buffer_;  // gone before the node
  bool in_place_ = false;
  std::vector<std::byte> copied_;
};

}  // namespace

std::unique_ptr<MessageEndpoint> open_inline(const Place& place) {
  return std::make_unique<Ours>(
      place, over_port(config_for(place, Mode::run_inline), place, memif_device(place)));
}
std::unique_ptr<MessageEndpoint> open_topic(const Place& place) {
  return std::make_unique<Ours>(
      place, over_port(config_for(place, Mode::run_inline), place, memif_device(place)),
      Talk::on_a_topic);
}
std::unique_ptr<MessageEndpoint> open_pipelined(const Place& place) {
  return std::make_unique<Ours>(
      place, over_port(config_for(place, Mode::pipelined), place, memif_device(place)));
}
std::unique_ptr<MessageEndpoint> open_through_switch(const Place& place) {
  return std::make_unique<Ours>(
      place, over_port(config_for(place, Mode::run_inline), place, switch_device(place)));
}
std::unique_ptr<MessageEndpoint> open_inline_over_sockets(const Place& place) {
  return std::make_unique<Ours>(place, over_sockets(config_for(place, Mode::run_inline), place));
}

}  // namespace muster::bench
