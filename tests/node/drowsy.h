// An inline node that nothing comes to, and for which nothing is due for seconds.
#pragma once

#include <memory>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

#include "node/inline_runner.h"
#include "tests/node/world.h"

namespace muster::test {

class Drowsy {
 public:
  Drowsy()
      : link_(segment.plug({0x0a4d0001, config_.port})), link(*link_), runner(config_, port()) {}
  ~Drowsy() {
    runner.end();
    close(silent_);
  }
  Drowsy(const Drowsy&) = delete;
  Drowsy& operator=(const Drowsy&) = delete;

  bool may_sleep() {
    for (int i = 0; i < 3; ++i) {
      runner.begin_cycle();
      for (Word word; runner.next(word);) delete word.event();  // no messages come
      runner.end_cycle();
    }
    return runner.arm(never_ns, false);
  }
  /// Not where the processor was away for as long.
  bool comes_to_sleep() {
    for (int i = 0; i < 1000; ++i)
      if (may_sleep()) return true;
    return false;
  }

 private:
  static NodeConfig config() {
    NodeConfig config = loopback_config("a", Mode::run_inline);
    config.membership.join_listen_ns = 10 * second;
    config.membership.heartbeat_interval_ns = 10 * second;
    return config;
  }
  OpenPort& port() {
    link.wakes = silent_;
    port_.queues.push_back({.transport = std::move(link_)});
    return port_;
  }

  const NodeConfig config_ = config();
  const int silent_ = eventfd(0, EFD_CLOEXEC);

 public:
  Segment segment;

 private:
  std::unique_ptr<LoopbackTransport> link_;
  OpenPort port_;

 public:
  LoopbackTransport& link;
  InlineRunner runner;
};

}  // namespace muster::test
