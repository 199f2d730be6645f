#include "bench/messaging/task.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace muster::bench {

namespace {

using Json = nlohmann::json;

template <class Of>
auto parsed(const std::string& line, Of of) {
  try {
    return of(Json::parse(line));
  } catch (const Json::exception&) {
    throw std::runtime_error("not understood: \"" + line.substr(0, 200) + '"');
  }
}

}  // namespace

std::string to_line(const Task& task) {
  return Json{{"kind", task.kind},           {"run", task.run},
              {"bytes", task.bytes},         {"warm_ns", task.warm_ns},
              {"length_ns", task.length_ns}, {"interval_ns", task.interval_ns}}
      .dump();
}

Task task_of(const std::string& line) {
  return parsed(line, [](const Json& json) {
    return Task{.kind = json.at("kind"),
                .run = json.at("run"),
                .bytes = json.at("bytes"),
                .warm_ns = json.at("warm_ns"),
                .length_ns = json.at("length_ns"),
                .interval_ns = json.at("interval_ns")};
  });
}

std::string to_line(const Outcome& outcome) {
  return Json{{"messages", outcome.messages},
              {"lost", outcome.lost},
              {"seconds", outcome.seconds},
              {"processor_seconds", outcome.processor_seconds},
              {"times", outcome.times.buckets()}}
      .dump();
}

Outcome outcome_of(const std::string& line) {
  return parsed(line, [](const Json& json) {
    Outcome outcome{.messages = json.at("messages"),
                    .lost = json.at("lost"),
                    .seconds = json.at("seconds"),
                    .processor_seconds = json.at("processor_seconds"),
                    .times = {}};
    for (const auto& [duration_ns, times] :
         json.at("times").get<decltype(outcome.times.buckets())>()) {
      outcome.times.add(duration_ns, times);
    }
    return outcome;
  });
}

}  // namespace muster::bench
