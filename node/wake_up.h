// What a thread sleeps on that has an event loop.
#pragma once

#include <span>

#include "cluster/types.h"

namespace muster {

/// A descriptor of epoll, readable when one of the given descriptors is, when the time has come, or
/// after ring(); until clear().
class WakeUp {
 public:
  /// The descriptors outlive it. Throws StartError.
  explicit WakeUp(std::span<const int> descriptors);

  int fd() const { return epoll_.fd; }
  /// By any thread.
  void ring() const;
  /// never_ns: no time.
  void set_time(TimeNs at) const;
  /// Forgets what was rung.
  void clear() const;

 private:
  struct Descriptor {
    explicit Descriptor(int opened);
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    const int fd;
  };
  void watch(int descriptor) const;

  const Descriptor epoll_;
  const Descriptor bell_;
  const Descriptor timer_;
};

}  // namespace muster
