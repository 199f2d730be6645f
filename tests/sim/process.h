// One life of one server: a member, its port and its application. It begins with a start and ends
// with a crash or an exit.
#pragma once

#include <cstddef>
#include <memory>

#include "cluster/member.h"
#include "sim/sim_port.h"
#include "tests/sim/application.h"
#include "tests/sim/mutation.h"
#include "tests/sim/watcher.h"

namespace muster::sim {

class Process {
 public:
  struct Surroundings {
    Application::Shared shared;
    const Ledger& ledger;
    const Census& census;
    Wire& wire;
    Mutation* mutation;
  };
  Process(const Surroundings& surroundings, std::size_t server, Incarnation incarnation,
          std::uint64_t seed);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  std::size_t server() const { return server_; }
  Member& member() { return *member_; }
  const Member& member() const { return *member_; }
  SimPort& port() { return port_; }
  const SimPort& port() const { return port_; }
  Watcher& watcher() { return watcher_; }
  const Watcher& watcher() const { return watcher_; }
  Application& application() { return application_; }
  const Application& application() const { return application_; }

  /// A member that takes part: neither joining nor gone.
  bool is_member() const { return member_->standing() == Standing::member; }

 private:
  std::size_t server_;
  Verdict& verdict_;
  SimPort port_;
  std::unique_ptr<PacketPort> mutated_port_;
  Watcher watcher_;
  Application application_;
  std::unique_ptr<Events> mutated_events_;
  std::unique_ptr<Member> member_;
};

/// Of everything that a packet may change; I14: what is no packet of the cluster changes nothing.
std::uint64_t fingerprint(const Process& process);

}  // namespace muster::sim
