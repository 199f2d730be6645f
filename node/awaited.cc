#include "node/awaited.h"

#include <vector>

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
  if (waits_) application_->forget(*this);
}

void NextPoll::await_suspend(std::coroutine_handle<> coroutine) {
  coroutine_ = coroutine;
  waits_ = true;
  application_->wait(*this);
}

void Application::wait(NextPoll& waiting) { next_poll_.push_back(&waiting); }

void Application::forget(NextPoll& waiting) {
  std::erase(next_poll_, &waiting);
  std::erase(this_poll_, &waiting);
}

/// Whoever waits again meanwhile goes on in the next one.
void Application::resume_waiting() {
  this_poll_.insert(this_poll_.end(), next_poll_.begin(), next_poll_.end());
  next_poll_.clear();
  while (!this_poll_.empty()) {
    NextPoll* waiting = this_poll_.front();
    this_poll_.erase(this_poll_.begin());
    waiting->resume();
  }
}

/// What was waited for never comes: whoever owns the coroutine destroys it.
void Application::abandon_waiting() {
  for (std::vector<NextPoll*>* waiting : {&this_poll_, &next_poll_})
    for (NextPoll* each : *waiting) each->abandoned();
  calls_.erase_all([](CallId, const CallWaiter& waiter) {
    if (waiter.awaited != nullptr) waiter.awaited->abandoned();
  });
}

}  // namespace muster
