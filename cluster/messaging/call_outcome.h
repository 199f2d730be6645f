// What the caller hears of the status that an answer carries.
#pragma once

#include "cluster/events.h"

namespace muster {

constexpr CallOutcome outcome_of(CallStatus status) {
  switch (status) {
    case CallStatus::ok:
      return CallOutcome::ok;
    case CallStatus::no_such_service:
      return CallOutcome::no_such_service;
    case CallStatus::refused:
      return CallOutcome::refused;
    case CallStatus::failed:
      break;
  }
  return CallOutcome::failed;
}

}  // namespace muster
