#include "bench/messaging/figures.h"

#include <algorithm>

namespace muster::bench {

namespace {

void add_percentiles(NamedFigures& figures, const Histogram& times) {
  for (const Percentile& percentile : percentiles) {
    if (const auto ns = times.percentile_ns(percentile.share)) {
      figures[std::string(percentile.name)] = *ns;
    }
  }
}

double share(std::uint64_t part, std::uint64_t rest) {
  return part == 0 ? 0 : static_cast<double>(part) / static_cast<double>(part + rest);
}

double processor_ns(const Outcome& side) {
  return side.processor_seconds * 1e9 / static_cast<double>(side.messages);
}

}  // namespace

std::string unit_of(std::string_view figure) {
  if (figure == "messages" || figure == "offered") return "1/s";
  if (figure == "bytes") return "B/s";
  if (figure == "lost") return "share";
  if (figure == "least" || figure == "most" || figure == "others") return "ratio";
  return "ns";
}

NamedFigures figures_of(const Task& task, const Outcome& near, const Outcome& far) {
  NamedFigures figures;
  if (task.kind == Task::Kind::ping) {
    add_percentiles(figures, near.times);
    figures["lost"] = share(near.lost, near.messages - near.lost);
    return figures;
  }
  if (far.seconds > 0) {
    figures["messages"] = static_cast<double>(far.messages) / far.seconds;
    figures["bytes"] = figures["messages"] * static_cast<double>(task.bytes);
  }
  if (near.messages > 0) figures["sender"] = processor_ns(near);
  if (far.messages > 0) figures["receiver"] = processor_ns(far);
  if (task.kind == Task::Kind::rate) {
    figures["lost"] = share(far.lost, far.messages);
  } else {
    add_percentiles(figures, far.times);
    figures["offered"] = 1e9 / task.interval_ns;
    figures["lost"] = share(far.lost, far.times.samples() - far.lost);
  }
  return figures;
}

}  // namespace muster::bench
