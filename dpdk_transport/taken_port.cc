// A port whose device is taken away while it runs, and comes back.
#include "dpdk_transport/clock.h"
#include "dpdk_transport/log.h"
#include "dpdk_transport/raw_port.h"

namespace muster::dpdk {

namespace {

constexpr DurationNs take_back_interval_ns = 1'000'000'000;
/// The burst that did not end is of a thread that hangs: the one that asks has other things to do.
constexpr DurationNs give_back_interval_ns = 1'000'000'000;

}  // namespace

/// vfio asks until the device is closed, and whoever takes it away waits. A burst that does not end
/// now is waited for the next time. No gate is closed: the process may have other ports, which a
/// thread that hangs in this one would stop as well.
void RawPort::give_back() {
  started_ = false;
  if (now_ns() < give_back_after_ns_) return;
  if (!BurstGate::wait_for(id_)) {
    give_back_after_ns_ = now_ns() + give_back_interval_ns;
    return;
  }
  if (receive_interrupt_) receive_interrupt_->detach();
  events_.reset();
  device_.reset();
  reconnect_after_ns_ = now_ns() + take_back_interval_ns;
}

void RawPort::take_back() {
  const TimeNs now = now_ns();
  if (driver_.empty() || now < reconnect_after_ns_) return;
  reconnect_after_ns_ = now + take_back_interval_ns;
  if (kernel_driver(name_.name) != driver_) return;
  const Capabilities capabilities = capabilities_;
  const MacAddress mac = mac_;
  try {
    open_again();
    if (mac_ == mac && capabilities_.offloads == capabilities.offloads &&
        capabilities_.queues == capabilities.queues &&
        capabilities_.receive_interrupts == capabilities.receive_interrupts) {
      receive_groups(std::vector(groups_));
      started_ = true;
      return;
    }
  } catch (const StartError&) {  // it is still on its way out, or somebody else has it
  }
  if (receive_interrupt_) receive_interrupt_->detach();
  capabilities_ = capabilities;
  mac_ = mac;
  events_.reset();
  device_.reset();
}

/// As it was, so that no other thread has to hear of it: with its number, too.
void RawPort::open_again() {
  device_.emplace(name_);
  if (device_->port() != id_) throw StartError("its number belongs to another port by now");
  events_.emplace(id_, name_.name);
  configure(config_, pool_);
  start(config_);
}

}  // namespace muster::dpdk
