#include "bench/messaging/pair.h"

#include <csignal>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

#include "bench/messaging/message.h"
#include "bench/messaging/near.h"
#include "bench/messaging/side.h"

namespace muster::bench {

namespace {

using std::chrono::milliseconds;

// On a busy machine a process may wait long for its core.
constexpr milliseconds start_limit(15'000);
constexpr milliseconds answer_limit(10'000);

milliseconds limit_of(const Task& task) {
  const DurationNs planned_ns = 2 * (task.warm_ns + task.length_ns) + late_max_ns;
  return answer_limit + milliseconds(planned_ns / 1'000'000);
}

std::vector<std::string> this_program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "/proc/self/exe");
  return arguments;
}

}  // namespace

std::uint16_t fresh_port() {
  static unsigned next = 0;
  // Below those that the kernel gives to clients.
  return static_cast<std::uint16_t>(20000 +
                                    (static_cast<unsigned>(getpid()) * 64 + next++) % 12000);
}

Pair::Pair(const Way& way, Cores cores) : way_(way) {
  const std::string pair = std::string(way.name) + ", ";
  Place place{
      .role = Role::far, .directory = folder_.path(), .port = fresh_port(), .core = cores.second};
  if (!way.switch_loss.empty()) {
    switch_.emplace(pair + "switch", this_program(switch_arguments(way, place.directory)));
    switch_->read_line(start_limit);
  }
  far_.emplace(pair + "far side", this_program(side_arguments(way, place)));
  if (far_->read_line(start_limit) != open_line) throw std::logic_error(pair + "far side");
  place.role = Role::near;
  place.core = cores.first;
  near_.emplace(pair + "near side", this_program(side_arguments(way, place)));
  if (near_->read_line(start_limit) != open_line) throw std::logic_error(pair + "near side");
  for (Child* side : {&*far_, &*near_}) {
    std::istringstream ready(side->read_line(start_limit));
    std::string word;
    ready >> word >> packet_message_bytes_ >> message_bytes_max_;
  }
}

Pair::~Pair() {
  for (std::optional<Child>* side : {&near_, &far_}) {
    if (*side) (*side)->tell(quit_line);
  }
  // The switch sees both go.
  near_.reset();
  far_.reset();
  if (switch_) switch_->signal(SIGTERM);
}

std::size_t Pair::message_bytes_min() const { return bench::message_bytes_min; }

Measured Pair::measure(const Task& task) {
  far_->tell(to_line(task));
  if (far_->read_line(answer_limit) != armed_line) throw std::logic_error("far side is not armed");
  near_->tell(to_line(task));
  // Whoever ends by itself, and the other, which has to go on until then.
  const bool floods = task.kind == Task::Kind::rate;
  Child& first = floods ? *far_ : *near_;
  Child& last = floods ? *near_ : *far_;
  const Outcome one = outcome_of(first.read_line(limit_of(task)));
  last.tell(stop_line);
  const Outcome other = outcome_of(last.read_line(limit_of(task)));
  const Outcome& near = floods ? other : one;
  const Outcome& far = floods ? one : other;
  if (way_.reliable && floods && far.lost > 0) {
    throw std::runtime_error(std::string(way_.name) + " lost " + std::to_string(far.lost) +
                             " messages, and promises to lose none");
  }
  return {.figures = figures_of(task, near, far), .times = near.times};
}

}  // namespace muster::bench
