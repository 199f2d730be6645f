// What the doctor has to say of one thing.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/types.h"

namespace muster::doctor {

enum class Verdict : std::uint8_t {
  fine,
  costs,    ///< a message that meets it comes later
  cuts_off  ///< something does not work at all
};

struct Finding {
  std::string topic{};  ///< one or two words, for programs as well: "huge pages"
  Verdict verdict = Verdict::fine;
  std::string found{};     ///< one sentence
  DurationNs cost_ns = 0;  ///< of one message, or one start, that meets it
  bool measured = false;   ///< the cost was, on this machine; otherwise the kernel's own word
  std::string remedy{};    ///< a command, or a line of the configuration; empty where it is fine
};

/// A length of time in three digits: nobody wants to read the nanoseconds of a millisecond.
std::string about(DurationNs duration);

}  // namespace muster::doctor
