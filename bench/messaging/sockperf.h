// sockperf, a program that measures sockets: a second opinion on the kernel's round trip.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/messaging/child.h"
#include "bench/messaging/stint.h"
#include "tools/measure/cores.h"

namespace muster::bench {

using measure::Cores;

/// The path of a program, as a shell finds it.
std::optional<std::string> find_program(const std::string& name);

/// Its round trips over UDP, polling, its two processes pinned as the others are. Its rates are not
/// comparable: it counts what it sends, and not what arrives.
class Sockperf final : public Stint {
 public:
  /// Throws where the program is not there.
  explicit Sockperf(Cores cores);
  ~Sockperf() override;

  std::size_t packet_message_bytes() const override;
  std::size_t message_bytes_min() const override;
  std::size_t message_bytes_max() const override;
  /// Pings only; its length is rounded up to whole seconds.
  Measured measure(const Task& task) override;

 private:
  std::vector<std::string> pinned(int core, std::vector<std::string> arguments) const;

  Cores cores_;
  std::string program_;
  std::string port_;
  std::optional<Child> server_;
};

}  // namespace muster::bench
