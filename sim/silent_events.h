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
  bool on_message(const MemberKey&, std::span<const std::byte>, Packet&) override { return true; }
  bool on_request(const MemberKey&, CallId, std::string_view, std::span<const std::byte>,
                  Packet&) override {
    return true;
  }
  void on_response(CallId, CallOutcome, std::span<const std::byte>, Packet*) override {}
  void on_undelivered(const MemberKey&, std::size_t) override {}
};

}  // namespace muster::sim
