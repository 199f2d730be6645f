// A port that is a memif's client: how it reaches its server, whose terms hold.
#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <rte_ethdev.h>

#include "dpdk_transport/clock.h"
#include "dpdk_transport/log.h"
#include "dpdk_transport/raw_port.h"

namespace muster::dpdk {

namespace {

/// From the connected socket to the link, at the start. Long enough for a switch that gets no core
/// for a while: whoever hangs up in the middle costs it a descriptor.
constexpr DurationNs handshake_timeout_ns = 2'000'000'000;
/// The same for reconnect(), which does not see that the switch has hung up.
constexpr DurationNs reconnect_timeout_ns = 250'000'000;
constexpr std::chrono::milliseconds retry_interval(5);

}  // namespace

/// The client makes the rings. Its driver refuses none of what it is asked for; that of the server
/// refuses a client with more rings than it has itself, and reads those that a client does not have
/// in the place of the first. So both have as many as the server says.
std::uint16_t RawPort::queues_of_server(const RawPortConfig& config) const {
  const std::string socket = memif_end(name_).socket;
  const TimeNs deadline = now_ns() + config.connect_timeout_ns;
  std::optional<MemifTerms> terms = terms_of_listener(socket);
  while (!terms && config.queues > 1 && now_ns() < deadline) {
    std::this_thread::sleep_for(retry_interval);
    terms = terms_of_listener(socket);
  }
  return std::clamp<std::uint16_t>(terms.value_or(MemifTerms{}).queues, 1, config.queues);
}

/// Nothing that is longer than the server's mtu would come through; and in later DPDKs than 22.11
/// its driver copies what a client sends into its own buffers, however short these are.
bool RawPort::server_differs() const {
  const auto terms = terms_of_listener(memif_end(name_).socket);
  return terms && (terms->mtu < config_.mtu || terms->queues != queues());
}

void RawPort::connect(DurationNs timeout_ns) {
  const TimeNs deadline = now_ns() + timeout_ns;
  bool met = false;    // somebody has accepted the connection
  std::string reason;  // why the other side hung up last
  while (true) {
    const LogCapture log;
    if (!server_differs() && rte_eth_dev_start(id_) == 0) {
      met = true;
      const TimeNs patience = std::min(now_ns() + handshake_timeout_ns, deadline);
      while (!link_up() && log.hang_up().empty() && now_ns() < patience)
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      if (link_up()) return;
      device_->stop();
      if (std::string said = log.hang_up(); !said.empty()) reason = std::move(said);
    }
    if (now_ns() >= deadline) break;
    std::this_thread::sleep_for(retry_interval);
  }
  refuse_server(reason, met);
}

void RawPort::refuse_server(const std::string& reason, bool met) const {
  const MemifEnd end = memif_end(name_);
  if (const std::string why = why_unreachable(end.socket); !why.empty()) throw StartError(why);
  const MemifTerms terms =
      terms_of_listener(end.socket).value_or(MemifTerms{config_.mtu, queues()});
  if (terms.mtu < config_.mtu)
    throw StartError(
        fmt::format("the switch on {} carries packets of {} bytes, and mtu is {}: start it with "
                    "--mtu {}, or give "
                    "all members its mtu",
                    end.socket, terms.mtu, config_.mtu, config_.mtu));
  if (terms.queues != queues())
    throw StartError(fmt::format(
        "the member on {} has {} queues, and this one takes {}: give both the same io_threads",
        end.socket, terms.queues, queues()));
  if (!met)
    throw StartError(
        fmt::format("no switch listens on {}: start `muster fabric` first", end.socket));
  throw StartError(
      fmt::format("the switch on {} does not take this member as id={} ({}): choose "
                  "an id that is free there",
                  end.socket, end.id, reason.empty() ? "it does not answer" : reason));
}

void RawPort::reach_server() {
  if (link_up()) return;
  const TimeNs now = now_ns();
  if (started_ && now < reconnect_after_ns_) return;
  if (started_.exchange(false) && !device_->stop()) {
    started_ = true;  // and once more the next time
    return;
  }
  const LogCapture log;
  server_differs_ = server_differs();
  started_ = !server_differs_ && rte_eth_dev_start(id_) == 0;
  reconnect_after_ns_ = now + reconnect_timeout_ns;
}

}  // namespace muster::dpdk
