// muster's own sessions, over memif and over kernel sockets.
#include <stdexcept>
#include <string>
#include <utility>

#include "bench/pingpong/way.h"
#include "node/node.h"

namespace muster::bench {

namespace {

const char* name_of(Role role) { return role == Role::ping ? "ping" : "echo"; }

NodeConfig config_for(const Place& place, Mode mode, TransportKind transport) {
  NodeConfig config;
  config.name = name_of(place.role);
  config.cluster = "pingpong";
  config.transport = transport;
  const char* host = place.role == Role::ping ? "1" : "2";
  if (transport == TransportKind::socket) {
    config.address = std::string("127.0.0.") + host + "/8";
  } else {
    config.device = memif_device(place);
    config.address = std::string("10.77.0.") + host + "/24";
  }
  config.port = place.port;
  config.mode = mode;
  config.idle = mode == Mode::pipelined ? Idle::backoff : Idle::spin;
  const auto core = static_cast<std::uint32_t>(place.core);
  if (mode == Mode::pipelined) config.cores = {.io = core, .engine = core};
  return config;
}

class Session final : public Way, Handler {
 public:
  Session(const Place& place, Mode mode, TransportKind transport)
      : echoes_(place.role == Role::echo),
        other_(member_id(name_of(echoes_ ? Role::ping : Role::echo))),
        node_(config_for(place, mode, transport), *this) {}

  bool connect() override {
    node_.poll();
    if (node_.standing() == Standing::refused) throw std::runtime_error("the member was refused");
    return node_.standing() == Standing::member && node_.member(other_) != nullptr;
  }

  bool send(std::uint64_t number) override {
    Buffer buffer = node_.claim(ping_bytes);
    if (!buffer) return false;
    write_ping(buffer.bytes(), number);
    return node_.commit(buffer, other_) == SendResult::sent;
  }

  std::optional<std::uint64_t> receive() override {
    last_.reset();
    node_.poll();
    return last_;
  }

  bool echo() override { return node_.poll() > 0; }

 private:
  void on_message(const MemberKey&, std::span<const std::byte> payload) override {
    last_ = read_ping(payload);
    if (echoes_ && last_) send(*last_);
  }

  bool echoes_;
  MemberId other_;
  std::optional<std::uint64_t> last_;
  Node node_;
};

}  // namespace

std::unique_ptr<Way> open_inline(const Place& place) {
  return std::make_unique<Session>(place, Mode::run_inline, TransportKind::dpdk);
}
std::unique_ptr<Way> open_pipelined(const Place& place) {
  return std::make_unique<Session>(place, Mode::pipelined, TransportKind::dpdk);
}
std::unique_ptr<Way> open_inline_over_sockets(const Place& place) {
  return std::make_unique<Session>(place, Mode::run_inline, TransportKind::socket);
}

}  // namespace muster::bench
