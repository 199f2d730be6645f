#include "bench/messaging/crowd.h"

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "bench/messaging/pair.h"
#include "bench/messaging/side.h"
#include "tools/lab/temporary_folder.h"

namespace muster::bench {

namespace {

constexpr auto start_limit = std::chrono::seconds(20);
constexpr auto answer_limit = std::chrono::seconds(10);

using Counts = std::array<double, crowd_members>;

/// The three processes.
class Gathering {
 public:
  /// `eight` is the role of the eight: the last may have a thread of its own, and can stop reading.
  Gathering(const std::string& eight, Cores cores)
      : switch_("crowd, switch", {"/proc/self/exe", switch_option, folder_.path(), "0",
                                  std::to_string(crowd_members + 1)}) {
    switch_.read_line(start_limit);
    const std::string port = std::to_string(fresh_port());
    const auto start = [&](std::optional<Child>& child, const std::string& role, int core) {
      child.emplace("crowd, " + role,
                    std::vector<std::string>{"/proc/self/exe", crowd_option, role, folder_.path(),
                                             port, std::to_string(core)});
    };
    start(eight_, eight, cores.first);
    start(one_, "one", cores.second);
    for (Child* child : {&*eight_, &*one_}) child->read_line(start_limit);
  }
  ~Gathering() {
    for (Child* child : {&*eight_, &*one_}) child->tell(quit_line);
    eight_.reset();
    one_.reset();
    switch_.signal(SIGTERM);
  }
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  Child& eight() { return *eight_; }
  Child& one() { return *one_; }

  /// Of messages that `at` has received in that time, by whom they concern.
  static Counts received(Child& at, std::chrono::nanoseconds warm,
                         std::chrono::nanoseconds length) {
    std::this_thread::sleep_for(warm);
    count(at);
    std::this_thread::sleep_for(length);
    return count(at);
  }

 private:
  static Counts count(Child& at) {
    at.tell("count");
    return nlohmann::json::parse(at.read_line(answer_limit)).get<Counts>();
  }

  TemporaryFolder folder_;
  Child switch_;
  std::optional<Child> eight_;
  std::optional<Child> one_;
};

std::string send_order(const Task& task) { return fmt::format("send {}", task.bytes); }

double sum(const Counts& counts, std::size_t of) {
  return std::accumulate(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(of), 0.0);
}

}  // namespace

Measured Crowd::measure(const Task& task) {
  const std::chrono::nanoseconds warm(4 * task.warm_ns);
  const std::chrono::nanoseconds length(task.length_ns);
  Measured measured;
  {
    Gathering all("eight", cores_);
    all.eight().tell(send_order(task));
    const Counts got = Gathering::received(all.one(), warm, length);
    const double share = sum(got, got.size()) / crowd_members;
    measured.figures["least"] = *std::ranges::min_element(got) / share;
    measured.figures["most"] = *std::ranges::max_element(got) / share;
  }
  Gathering all("eight_of_which_one_may_stop", cores_);
  all.one().tell(send_order(task));
  const double before = sum(Gathering::received(all.eight(), warm, length), crowd_members - 1);
  all.eight().tell("stop_reading");
  const double then = sum(Gathering::received(all.eight(), warm, length), crowd_members - 1);
  measured.figures["others"] = then / before;
  return measured;
}

}  // namespace muster::bench
