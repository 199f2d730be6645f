// The first invariant that did not hold, and when.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "cluster/types.h"

namespace muster::sim {

struct Violation {
  std::string invariant;  ///< "I3", as the design numbers them
  std::string sentence;
  std::uint64_t step = 0;
  TimeNs at_ns = 0;
};

class Verdict {
 public:
  /// One more step of the world; what fails from now on failed in it.
  void advance(TimeNs now) {
    ++steps_;
    now_ = now;
  }
  /// Only the first counts: what follows from it is noise.
  template <class... Args>
  void fail(std::string_view invariant, fmt::format_string<Args...> format, Args&&... args) {
    if (violation_) return;
    violation_ = {std::string(invariant), fmt::format(format, std::forward<Args>(args)...), steps_,
                  now_};
  }

  bool holds() const { return !violation_; }
  const std::optional<Violation>& violation() const { return violation_; }
  std::uint64_t steps() const { return steps_; }
  TimeNs now() const { return now_; }

 private:
  std::optional<Violation> violation_;
  std::uint64_t steps_ = 0;
  TimeNs now_ = 0;
};

}  // namespace muster::sim
