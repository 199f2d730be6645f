// ZeroMQ over TCP on the loopback, a pair of sockets, non-blocking and polled. Each process has an
// I/O thread besides.
#include <stdexcept>
#include <string>
#include <vector>

#include <zmq.h>

#include "bench/messaging/endpoint.h"
#include "bench/messaging/udp_socket.h"
#include "bench/messaging/ways.h"

namespace muster::bench {

namespace {

constexpr std::size_t burst_max = 32;
/// What the suite asks for at most; ZeroMQ itself has no limit.
constexpr std::size_t largest_bytes = 16 << 20;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + zmq_strerror(zmq_errno()));
}

class ZeroMq final : public MessageEndpoint {
 public:
  explicit ZeroMq(const Place& place)
      : context_(zmq_ctx_new()), socket_(zmq_socket(context_, ZMQ_PAIR)) {
    const int no_wait = 0;
    zmq_setsockopt(socket_, ZMQ_LINGER, &no_wait, sizeof no_wait);
    const std::string address = "tcp://127.0.0.1:" + std::to_string(place.port);
    const int result = place.role == Role::far ? zmq_bind(socket_, address.c_str())
                                               : zmq_connect(socket_, address.c_str());
    if (result != 0) fail("ZeroMQ cannot use " + address);
  }
  ~ZeroMq() override {
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }

  /// It connects in the background; until then sending blocks.
  bool connect() override {
    int events = 0;
    std::size_t bytes = sizeof events;
    if (zmq_getsockopt(socket_, ZMQ_EVENTS, &events, &bytes) != 0) fail("ZeroMQ");
    return (events & ZMQ_POLLOUT) != 0;
  }
  std::size_t message_bytes_max() const override { return largest_bytes; }
  std::size_t packet_message_bytes() const override { return ethernet_datagram_bytes(); }

  std::span<std::byte> claim(std::size_t bytes) override {
    if (out_.size() < bytes) out_.resize(bytes);
    claimed_ = std::span(out_).first(bytes);
    return claimed_;
  }
  bool commit() override {
    return zmq_send(socket_, claimed_.data(), claimed_.size(), ZMQ_DONTWAIT) >= 0;
  }
  std::size_t poll(Inbox& inbox) override {
    std::size_t received = 0;
    zmq_msg_t message;
    zmq_msg_init(&message);
    for (; received < burst_max; ++received) {
      if (zmq_msg_recv(&message, socket_, ZMQ_DONTWAIT) < 0) break;
      inbox.on_message(Arrival(std::span(static_cast<const std::byte*>(zmq_msg_data(&message)),
                                         zmq_msg_size(&message))));
    }
    zmq_msg_close(&message);
    return received;
  }

 private:
  void* context_;
  void* socket_;
  std::vector<std::byte> out_;
  std::span<std::byte> claimed_;
};

}  // namespace

std::unique_ptr<MessageEndpoint> open_zeromq(const Place& place) {
  return std::make_unique<ZeroMq>(place);
}

}  // namespace muster::bench
