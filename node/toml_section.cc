#include "node/toml_section.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "node/duration.h"

namespace muster {
namespace {

/// Single-letter edits that turn `a` into `b`.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

std::string type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a fraction";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

}  // namespace

void FileReport::wrong(const std::string& field, Line line, std::string text) {
  if (std::ranges::find(mistakes_, field, &Mistake::field) != mistakes_.end()) return;
  const auto at = std::ranges::upper_bound(mistakes_, line, {}, &Mistake::line);
  mistakes_.insert(at, {line, field, std::move(text)});
}

FileReport::Line FileReport::line_of(std::string_view field) const {
  for (;;) {
    if (const auto found = lines_.find(field); found != lines_.end()) return found->second;
    const std::size_t dot = field.rfind('.');
    if (dot == std::string_view::npos) return 1;
    field = field.substr(0, dot);
  }
}

std::string FileReport::text(std::string_view file) const {
  std::string all;
  for (const Mistake& mistake : mistakes_)
    all += fmt::format("{}{}:{}: {}: {}", all.empty() ? "" : "\n", file, mistake.line,
                       mistake.field, mistake.text);
  return all;
}

const toml::node* TomlSection::find(std::string_view key) {
  known_.emplace_back(key);
  const toml::node* node = table_.get(key);
  if (node != nullptr) report_.stands(prefix_ + std::string(key), node->source().begin.line);
  return node;
}

void TomlSection::wrong(std::string_view key, const toml::node& node, std::string text) {
  report_.wrong(prefix_ + std::string(key), node.source().begin.line, std::move(text));
}

void TomlSection::text(std::string_view key, std::string& out) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (const auto value = node->value_exact<std::string>())
    out = *value;
  else
    wrong(key, *node, fmt::format("is {}: give a string in quotes", type_name(*node)));
}

void TomlSection::texts(std::string_view key, std::vector<std::string>& out) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (!node->is_array() || !std::ranges::all_of(*node->as_array(), &toml::node::is_string))
    return wrong(key, *node, "is not an array of strings: give one like [\"a\", \"b\"]");
  for (const toml::node& element : *node->as_array()) out.push_back(element.as_string()->get());
}

void TomlSection::texts(std::string_view key, std::map<std::string, std::string>& out) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto is_text = [](const auto& field) { return field.second.is_string(); };
  if (!node->is_table() || !std::ranges::all_of(*node->as_table(), is_text))
    return wrong(key, *node, "is not a table of strings: give one like { zone = \"eu-1\" }");
  for (const auto& [name, value] : *node->as_table())
    out.emplace(name.str(), value.as_string()->get());
}

void TomlSection::flag(std::string_view key, bool& out) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (const auto value = node->value_exact<bool>())
    out = *value;
  else
    wrong(key, *node, fmt::format("is {}: give true or false", type_name(*node)));
}

void TomlSection::duration(std::string_view key, DurationNs& out) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto value = node->value_exact<std::string>();
  if (!value)
    return wrong(
        key, *node,
        fmt::format("is {}: give a length of time in quotes, like \"100ms\"", type_name(*node)));
  if (const auto duration = parse_duration(*value))
    out = *duration;
  else
    wrong(key, *node,
          fmt::format("\"{}\" is not a length of time: give a number and one of ns, us, ms, s, "
                      "min, like \"100ms\"",
                      *value));
}

bool TomlSection::integer(std::string_view key, std::uint64_t max, std::uint64_t& out) {
  const toml::node* node = find(key);
  if (node == nullptr) return false;
  const auto value = whole(key, *node, max);
  out = value.value_or(out);
  return value.has_value();
}

std::optional<std::uint64_t> TomlSection::whole(std::string_view key, const toml::node& node,
                                                std::uint64_t max) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value)
    wrong(key, node, fmt::format("is {}: give a whole number", type_name(node)));
  else if (*value < 0 || static_cast<std::uint64_t>(*value) > max)
    wrong(key, node, range_of(prefix_ + std::string(key)).refuse(std::to_string(*value)));
  else
    return static_cast<std::uint64_t>(*value);
  return std::nullopt;
}

void TomlSection::numbers(std::string_view key, std::vector<std::uint32_t>& out) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto take = [&](const toml::node& element) {
    if (const auto value = whole(key, element, std::numeric_limits<std::uint32_t>::max()))
      out.push_back(static_cast<std::uint32_t>(*value));
  };
  if (const toml::array* list = node->as_array())
    for (const toml::node& element : *list) take(element);
  else
    take(*node);
}

std::optional<std::size_t> TomlSection::one_of(std::string_view key,
                                               std::span<const std::string_view> names) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto value = node->value_exact<std::string>();
  const auto chosen = std::ranges::find(names, value.value_or(""));
  if (value && chosen != names.end()) return static_cast<std::size_t>(chosen - names.begin());
  const std::string is = value ? fmt::format("\"{}\"", *value) : type_name(*node);
  wrong(key, *node, fmt::format("is {}: give \"{}\"", is, fmt::join(names, "\" or \"")));
  return std::nullopt;
}

const toml::table* TomlSection::table(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return nullptr;
  if (!node->is_table())
    wrong(key, *node, fmt::format("is {}: give a table, [{}]", type_name(*node), key));
  return node->as_table();
}

std::vector<const toml::table*> TomlSection::tables(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return {};
  std::vector<const toml::table*> all;
  if (node->is_array() && std::ranges::all_of(*node->as_array(), &toml::node::is_table))
    for (const toml::node& element : *node->as_array()) all.push_back(element.as_table());
  else
    wrong(key, *node, fmt::format("is {}: give tables, [[{}]]", type_name(*node), key));
  return all;
}

void TomlSection::refuse_the_rest() {
  for (const auto& [key, node] : table_) {
    const std::string_view name = key.str();
    if (std::ranges::find(known_, name) != known_.end()) continue;
    const auto nearest = std::ranges::min_element(
        known_, {}, [&](const std::string& known) { return edits(known, name); });
    if (edits(*nearest, name) <= std::max<std::size_t>(2, name.size() / 3))
      wrong(name, node, fmt::format("is not known: did you mean {}?", *nearest));
    else
      wrong(name, node, fmt::format("is not known: give one of {}", fmt::join(known_, ", ")));
  }
}

}  // namespace muster
