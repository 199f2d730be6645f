#include "node/wake_up.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "node/errors.h"

namespace muster {
namespace {

int checked(int descriptor) {
  if (descriptor >= 0) return descriptor;
  throw StartError(
      fmt::format("no file descriptor is to be had to wait on: {}; raise what `ulimit -n` shows",
                  std::generic_category().message(errno)));
}

}  // namespace

WakeUp::Descriptor::Descriptor(int opened) : fd(checked(opened)) {}
WakeUp::Descriptor::~Descriptor() { close(fd); }

WakeUp::WakeUp(std::span<const int> descriptors)
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      bell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  watch(bell_.fd);
  watch(timer_.fd);
  for (const int descriptor : descriptors) watch(descriptor);
}

void WakeUp::watch(int descriptor) const {
  epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
  checked(epoll_ctl(epoll_.fd, EPOLL_CTL_ADD, descriptor, &event));
}

void WakeUp::ring() const {
  const std::uint64_t once = 1;
  [[maybe_unused]] const auto written = write(bell_.fd, &once, sizeof once);
}

/// By the clock of monotonic_ns(). What is past comes at once: only zero would switch it off.
void WakeUp::set_time(TimeNs at) const {
  constexpr TimeNs second_ns = 1'000'000'000;
  const TimeNs ns = at == never_ns ? 0 : std::max<TimeNs>(at, 1);
  itimerspec time{};
  time.it_value.tv_sec = static_cast<time_t>(ns / second_ns);
  time.it_value.tv_nsec = static_cast<long>(ns % second_ns);
  timerfd_settime(timer_.fd, TFD_TIMER_ABSTIME, &time, nullptr);
}

/// The timer is set anew before the next sleep.
void WakeUp::clear() const {
  std::uint64_t rung = 0;
  [[maybe_unused]] const auto taken = read(bell_.fd, &rung, sizeof rung);
}

}  // namespace muster
