// What happens to a port while nobody asks.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace muster::dpdk {

/// Told by the port's driver on DPDK's interrupt thread; asked on any.
class PortEvents {
 public:
  /// `device` is the bus' name of the port; the port outlives this.
  PortEvents(std::uint16_t port, std::string device);
  ~PortEvents();
  PortEvents(const PortEvents&) = delete;
  PortEvents& operator=(const PortEvents&) = delete;

  /// The link has changed since this was asked last. What is up by now may have been down for less
  /// time than the interrupt took.
  bool take_change() { return changed_.exchange(false, std::memory_order_relaxed); }
  /// The device was pulled, or reset, as a virtual function is by its physical one: nobody may
  /// touch the port but to close it. After a reset it is there to be opened again.
  bool removed() const { return removed_.load(std::memory_order_relaxed); }
  void link_changed() { changed_.store(true, std::memory_order_relaxed); }
  void was_removed() { removed_.store(true, std::memory_order_relaxed); }

 private:
  std::uint16_t port_;
  std::string device_;
  std::atomic<bool> changed_{false};
  std::atomic<bool> removed_{false};
};

}  // namespace muster::dpdk
