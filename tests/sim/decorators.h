// Ports and applications that pass everything on: a mutation overrides what it spoils.
#pragma once

#include "cluster/events.h"
#include "cluster/packet.h"

namespace muster::sim {

class PortDecorator : public PacketPort {
 public:
  explicit PortDecorator(PacketPort& inner) : inner_(inner) {}

  Packet* allocate() override { return inner_.allocate(); }
  void retain(Packet& packet) override { inner_.retain(packet); }
  void release(Packet& packet) override { inner_.release(packet); }
  void transmit(Packet& packet) override { inner_.transmit(packet); }
  std::size_t flush() override { return inner_.flush(); }

 protected:
  PacketPort& inner() { return inner_; }

 private:
  PacketPort& inner_;
};

class EventsDecorator : public Events {
 public:
  explicit EventsDecorator(Events& inner) : inner_(inner) {}

  void on_standing(Standing standing) override { inner_.on_standing(standing); }
  void on_joined(const MemberInfo& member) override { inner_.on_joined(member); }
  void on_suspected(const MemberInfo& member) override { inner_.on_suspected(member); }
  void on_refuted(const MemberInfo& member) override { inner_.on_refuted(member); }
  void on_removed(const MemberInfo& member, RemovalReason reason) override {
    inner_.on_removed(member, reason);
  }
  void on_bound(const Binding& binding) override { inner_.on_bound(binding); }
  void on_withdrawn(const Binding& binding) override { inner_.on_withdrawn(binding); }
  void on_batch_begin(const MemberKey& owner) override { inner_.on_batch_begin(owner); }
  void on_batch_end(const MemberKey& owner) override { inner_.on_batch_end(owner); }
  bool ready() const override { return inner_.ready(); }
  void on_synchronized() override { inner_.on_synchronized(); }
  bool on_messages(const Delivery& delivery) override { return inner_.on_messages(delivery); }
  void on_undelivered(const Undelivered& undelivered) override {
    inner_.on_undelivered(undelivered);
  }
  bool on_publication(const StreamDelivery& publication) override {
    return inner_.on_publication(publication);
  }
  void on_stream(const StreamEvent& event) override { inner_.on_stream(event); }
  void on_subscriber(const SubscriberEvent& event) override { inner_.on_subscriber(event); }
  void on_path(const PathEvent& event) override { inner_.on_path(event); }

 protected:
  Events& inner() { return inner_; }

 private:
  Events& inner_;
};

}  // namespace muster::sim
