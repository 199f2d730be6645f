#include "bench/messaging/child.h"

#include <atomic>
#include <csignal>
#include <thread>

#include <poll.h>

#include "bench/messaging/side.h"

namespace muster::bench {

namespace {

constexpr auto end_max = std::chrono::seconds(3);

std::atomic<bool> stopped{false};  // by SIGINT or SIGTERM
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int) { stopped.store(true, std::memory_order_relaxed); }

}  // namespace

void throw_on_signals() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

Child::~Child() {
  const Clock::time_point deadline = Clock::now() + end_max;
  while (!process_.ended() && Clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

bool Child::wait_for_line(Clock::time_point deadline) {
  while (lines_.empty()) {
    const bool ended = process_.ended().has_value();
    for (std::string& line : process_.read_lines()) lines_.push_back(std::move(line));
    if (!lines_.empty()) break;
    // First: a signal from the terminal has ended the child as well.
    if (stopped.load(std::memory_order_relaxed)) throw Interrupted();
    if (ended) return false;
    if (Clock::now() > deadline) throw std::runtime_error(name_ + " took too long");
    pollfd output{.fd = process_.output(), .events = POLLIN, .revents = 0};
    ::poll(&output, 1, 20);
  }
  return true;
}

std::string Child::read_line(std::chrono::milliseconds limit) {
  if (!wait_for_line(Clock::now() + limit)) throw std::runtime_error(name_ + " ended unasked");
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  const std::string_view failure = failure_word;
  if (line.starts_with(failure)) {
    throw std::runtime_error(name_ + ": " + line.substr(failure.size()));
  }
  return line;
}

std::vector<std::string> Child::read_all(std::chrono::milliseconds limit) {
  const Clock::time_point deadline = Clock::now() + limit;
  std::vector<std::string> all;
  while (wait_for_line(deadline)) {
    all.push_back(std::move(lines_.front()));
    lines_.pop_front();
  }
  return all;
}

}  // namespace muster::bench
