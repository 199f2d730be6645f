#include "node/awaited.h"

#include "node/application.h"

namespace muster {

AwaitedCall::~AwaitedCall() {
  if (id_ != 0 && application_ != nullptr) application_->cancel(id_);
}

bool AwaitedCall::await_suspend(std::coroutine_handle<> coroutine) {
  coroutine_ = coroutine;
  const auto [sent, id] =
      to_ ? application_->call(*to_, path_, payload_, deadline_ns_, {.awaited = this},
                               options_.channel)
          : application_->call(path_, payload_, deadline_ns_, {.awaited = this}, options_);
  answer_.sent = sent;
  id_ = id;
  return sent == SendResult::sent;
}

void AwaitedCall::ended(CallOutcome outcome, std::span<const std::byte> payload) {
  id_ = 0;
  answer_.outcome = outcome;
  answer_.payload = payload;
  coroutine_.resume();  // and may be gone
}

NextPoll::~NextPoll() {
  if (waits_) application_->next_polls().forget(*this);
}

void NextPoll::await_suspend(std::coroutine_handle<> coroutine) {
  coroutine_ = coroutine;
  waits_ = true;
  application_->next_polls().add(*this);
}

/// What was waited for never comes: whoever owns the coroutine destroys it.
void Application::abandon_waiting() {
  next_polls_.abandon();
  calls_.erase_all([](CallId, const CallWaiter& waiter) {
    if (waiter.awaited != nullptr) waiter.awaited->abandoned();
  });
}

}  // namespace muster
