// An application that listens to nothing, and takes every message: tests and benchmarks override
// what they want to hear.
#pragma once

#include "cluster/events.h"

namespace muster::sim {

struct SilentEvents : Events {
  void on_standing(Standing) override {}
  void on_joined(const MemberInfo&) override {}
  void on_suspected(const MemberInfo&) override {}
  void on_refuted(const MemberInfo&) override {}
  void on_removed(const MemberInfo&, RemovalReason) override {}
  void on_bound(const Binding&) override {}
  void on_withdrawn(const Binding&) override {}
  void on_batch_begin(const MemberKey&) override {}
  void on_batch_end(const MemberKey&) override {}
  void on_synchronized() override {}
  bool on_messages(const Delivery&) override { return true; }
  void on_undelivered(const Undelivered&) override {}
};

}  // namespace muster::sim
