#include "dpdk_transport/port_events.h"

#include <cerrno>
#include <thread>
#include <utility>

#include <rte_dev.h>
#include <rte_ethdev.h>

namespace muster::dpdk {

namespace {

constexpr rte_eth_event_type kinds[] = {RTE_ETH_EVENT_INTR_LSC, RTE_ETH_EVENT_INTR_RMV,
                                        RTE_ETH_EVENT_INTR_RESET};

int hear_port(std::uint16_t, rte_eth_event_type kind, void* listener, void*) {
  auto& events = *static_cast<PortEvents*>(listener);
  if (kind == RTE_ETH_EVENT_INTR_LSC)
    events.link_changed();
  else
    events.was_removed();
  return 0;
}

/// What vfio asks for before it takes a device away, again and again until it is closed.
void hear_device(const char*, rte_dev_event_type kind, void* listener) {
  if (kind == RTE_DEV_EVENT_REMOVE) static_cast<PortEvents*>(listener)->was_removed();
}

/// A callback that runs just now cannot be taken back.
template <class Unregister>
void until_done(Unregister&& unregister) {
  while (unregister() == -EAGAIN) std::this_thread::yield();
}

// DPDK 22.11 has no other word for a device that is taken away than one that may still change.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
int hear_of(const std::string& device, PortEvents& events) {
  return rte_dev_event_callback_register(device.c_str(), hear_device, &events);
}
int hear_no_more_of(const std::string& device, PortEvents& events) {
  return rte_dev_event_callback_unregister(device.c_str(), hear_device, &events);
}
#pragma GCC diagnostic pop

}  // namespace

PortEvents::PortEvents(std::uint16_t port, std::string device)
    : port_(port), device_(std::move(device)) {
  for (const rte_eth_event_type kind : kinds)
    rte_eth_dev_callback_register(port_, kind, hear_port, this);
  hear_of(device_, *this);
}

PortEvents::~PortEvents() {
  for (const rte_eth_event_type kind : kinds)
    until_done([&] { return rte_eth_dev_callback_unregister(port_, kind, hear_port, this); });
  until_done([&] { return hear_no_more_of(device_, *this); });
}

}  // namespace muster::dpdk
