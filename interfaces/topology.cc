#include "interfaces/topology.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <set>

namespace muster {
namespace {

std::map<int, int> nodes_of_cores(const FileTree& files) {
  const std::string nodes = "sys/devices/system/node/";
  std::map<int, int> found;
  for (const int node : numbers_in(files.text(nodes + "online").value_or(""))) {
    const std::string folder = nodes + "node" + std::to_string(node);
    for (const int core : numbers_in(files.text(folder + "/cpulist").value_or("")))
      found[core] = node;
  }
  return found;
}

}  // namespace

const CorePlace* Topology::find(std::uint32_t number) const {
  const auto found = std::ranges::find(cores, number, &CorePlace::number);
  return found == cores.end() ? nullptr : &*found;
}

std::vector<std::uint32_t> Topology::cores_of(int node) const {
  std::vector<std::uint32_t> found;
  for (const CorePlace& core : cores)
    if (core.node == node) found.push_back(core.number);
  return found;
}

Topology read_topology(const FileTree& files) {
  const std::string processors = "sys/devices/system/cpu/";
  const auto isolated_list = numbers_in(files.text(processors + "isolated").value_or(""));
  const std::set<int> isolated(isolated_list.begin(), isolated_list.end());
  std::map<int, int> nodes = nodes_of_cores(files);
  Topology topology;
  for (const int number : numbers_in(files.text(processors + "online").value_or(""))) {
    CorePlace& core = topology.cores.emplace_back();
    core.number = static_cast<std::uint32_t>(number);
    core.node = nodes[number];
    core.isolated = isolated.contains(number);
    const std::string siblings =
        processors + "cpu" + std::to_string(number) + "/topology/thread_siblings_list";
    for (const int sibling : numbers_in(files.text(siblings).value_or("")))
      if (sibling != number) core.siblings.push_back(static_cast<std::uint32_t>(sibling));
  }
  return topology;
}

std::optional<int> node_of_device(const FileTree& files, const std::string& folder) {
  const std::string text = files.text(folder + "/numa_node").value_or("");
  int node = -1;  // the kernel's own word for "it does not matter"
  std::from_chars(text.data(), text.data() + text.size(), node);
  return node < 0 ? std::nullopt : std::optional(node);
}

std::string ranges_of(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (auto first = numbers.begin(); first != numbers.end();) {
    auto last = first;
    while (std::next(last) != numbers.end() && *std::next(last) == *last + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(*first);
    if (last != first) text += '-' + std::to_string(*last);
    first = std::next(last);
  }
  return text;
}

}  // namespace muster
