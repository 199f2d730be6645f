#include "tools/demo/view.h"

#include <fmt/format.h>

namespace muster::demo {
namespace {

constexpr int label_width = 26;
constexpr int column_width = 12;

std::string row(const std::string& label, const lab::Stage& stage,
                const std::function<std::string(const lab::Server&)>& cell) {
  std::string line = fmt::format("    {:<{}}", label, label_width);
  for (const auto& server : stage.servers())
    line += fmt::format("{:<{}}", cell(*server), column_width);
  return line + '\n';
}

std::string joined(const std::set<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ","));
}

}  // namespace

std::string view(const lab::Stage& stage) {
  std::set<std::string> members;
  std::set<std::string> paths;
  for (const auto& server : stage.servers()) {
    members.insert(server->members().begin(), server->members().end());
    for (const auto& [path, owners] : server->tree()) paths.insert(path);
  }
  std::string text =
      row("", stage, [](const lab::Server& server) { return server.name() + " sees"; });
  for (const std::string& member : members)
    text += row("member " + member, stage, [&](const lab::Server& server) {
      return server.members().contains(member) ? "yes" : "-";
    });
  for (const std::string& path : paths)
    text += row(path, stage, [&](const lab::Server& server) {
      const auto name = server.tree().find(path);
      return name == server.tree().end() ? "-" : joined(name->second);
    });
  return text;
}

}  // namespace muster::demo
