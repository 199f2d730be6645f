// What the applications of a world do: bind, withdraw, send, call.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/sim/process.h"

namespace muster::sim {

class Workload {
 public:
  Workload(const Application::Shared& shared, Ledger& ledger, std::uint64_t seed)
      : shared_(shared), ledger_(ledger), dice_(seed), topic_dice_(seed + 1) {}

  /// One thing or a few, of the kind that the scenario's weights choose.
  void act(Process& process, TimeNs local_now);
  /// Until the next time.
  DurationNs pause() { return dice_.below(2 * shared_.scenario.work_interval_ns) + 1; }

 private:
  void bind(Process& process);
  void batch(Process& process);
  void withdraw(Process& process);
  void withdraw_all(Process& process, TimeNs local_now);
  void messages(Process& process);
  void call(Process& process, TimeNs local_now);

  std::string some_path();
  std::vector<std::byte> some_value();
  AttributeSet some_attributes();
  std::optional<Party> somebody(const Process& process);
  std::optional<Recipient> some_recipient(const Process& process);
  std::vector<std::byte> some_payload();

  Application::Shared shared_;
  Ledger& ledger_;
  Dice dice_;
  Dice topic_dice_;
};

}  // namespace muster::sim
