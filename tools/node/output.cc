#include "tools/node/output.h"

#include <cstdio>

#include <fmt/format.h>

namespace muster::node_command {
namespace {

/// Values and texts are what others have sent: what is not UTF-8 becomes a replacement character.
std::string dump(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string text(const ordered_json& event, const char* field) {
  const auto found = event.find(field);
  if (found == event.end()) return "";
  return found->is_string() ? found->get<std::string>() : dump(*found);
}

double us(const ordered_json& event, const char* field) { return event.value(field, 0.0) / 1000; }

std::string table(const ordered_json& event) {
  std::string lines = text(event, "event") + ':';
  for (const auto& [key, value] : event.items())
    if (key != "event") lines += fmt::format("\n  {} {}", key, dump(value));
  return lines;
}

std::string port_sentence(const ordered_json& event) {
  std::string line = fmt::format("port {}: {}, since {}", text(event, "device"), text(event, "way"),
                                 text(event, "why"));
  if (const std::string better = text(event, "better"); !better.empty()) line += "; " + better;
  for (const char* key : {"lowered", "cautions"})
    for (const auto& word : event.value(key, ordered_json::array()))
      line += "; " + word.get<std::string>();
  if (const auto queues = event.value("queues", 1U); queues > 1)
    line += fmt::format("; {} queues, each with a thread", queues);
  return line;
}

std::string path_sentence(const ordered_json& event) {
  const auto bytes = event.value("bytes", 0U);
  if (event.value("carries", false))
    return fmt::format("packets of {} bytes arrive at {} again", bytes, text(event, "member"));
  return fmt::format(
      "packets of {} bytes do not arrive at {}: something on the way there carries less (look at "
      "the MTU of switches, bridges and tunnels), or its mtu is smaller: set mtu on all members",
      bytes, text(event, "member"));
}

}  // namespace

std::string sentence(const ordered_json& event) {
  const auto field = [&](const char* name) { return text(event, name); };
  const std::string kind = field("event");
  if (kind == "standing") return fmt::format("this member is now: {}", field("standing"));
  if (kind == "port") return port_sentence(event);
  if (kind == "waits") return fmt::format("waits by {}, since {}", field("idle"), field("why"));
  if (kind == "joined")
    return fmt::format("+ {} joined, at {}", field("member"), field("endpoint"));
  if (kind == "removed") return fmt::format("- {} {}", field("member"), field("reason"));
  if (kind == "suspected") return fmt::format("? {} is silent", field("member"));
  if (kind == "refuted") return fmt::format("! {} is alive after all", field("member"));
  if (kind == "path") return path_sentence(event);
  if (kind == "bound")
    return fmt::format("  {} = {}  ({})", field("path"), field("value"), field("owner"));
  if (kind == "withdrawn")
    return fmt::format("  {} withdrawn  ({})", field("path"), field("owner"));
  if (kind == "synchronized") return "synchronized: this member holds everybody's names";
  if (kind == "message") return fmt::format("{}: {}", field("from"), field("text"));
  if (kind == "unsent") return fmt::format("not sent to {}: {}", field("member"), field("reason"));
  if (kind == "response")
    return fmt::format("answer of {}: {} {} ({:.1f} us)", field("path"), field("outcome"),
                       field("text"), us(event, "round_trip_ns"));
  if (kind == "pinged")
    return fmt::format("{} round trips to {}: p50 {:.1f} us, p99 {:.1f} us", field("count"),
                       field("member"), us(event, "p50_ns"), us(event, "p99_ns"));
  if (kind == "port_lost") return "without its port: " + field("why");
  if (kind == "error") return field("message");
  return table(event);
}

void Output::say(const ordered_json& event) const {
  fmt::print("{}\n", json_ ? dump(event) : sentence(event));
  std::fflush(stdout);
}

void Output::complain(const std::string& message) const {
  say({{"event", "error"}, {"message", message}});
}

}  // namespace muster::node_command
