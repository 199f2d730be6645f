#include "cluster/publishing/role.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace muster {
namespace {

constexpr std::array<std::string_view, 3> kinds = {"reliable", "last_value", "unreliable"};
constexpr std::array<std::string_view, 2> beginnings = {"now", "history"};

template <std::size_t count>
std::optional<std::size_t> place_in(const std::array<std::string_view, count>& words,
                                    std::optional<std::string_view> word) {
  for (std::size_t place = 0; place < count; ++place)
    if (word == words[place]) return place;
  return std::nullopt;
}

/// From 1.
std::optional<std::uint64_t> number_of(Attributes attributes) {
  const auto text = attributes.get("number");
  std::uint64_t number = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || number == 0)
    return std::nullopt;
  return number;
}

std::string_view between(std::string_view path, std::string_view last) {
  if (!path.starts_with(topics_path) || !path.ends_with(last)) return {};
  path.remove_prefix(topics_path.size());
  if (path.size() <= last.size()) return {};  // "/topics/publisher" names no topic
  path.remove_suffix(last.size());
  return path;
}

std::string path_of(std::string_view topic, std::string_view last) {
  return fmt::format("{}{}{}", topics_path, topic, last);
}

AttributeSet attributes_of(std::uint64_t number, std::string_view key, std::string_view value) {
  AttributeSet attributes;
  attributes.set("number", fmt::format("{}", number));
  attributes.set(key, value);
  return attributes;
}

}  // namespace

std::string publisher_path(std::string_view topic) { return path_of(topic, publisher_segment); }
std::string subscriber_path(std::string_view topic) { return path_of(topic, subscriber_segment); }

AttributeSet publisher_attributes(TopicNumber number, TopicKind kind) {
  return attributes_of(number, "kind", kinds[static_cast<std::size_t>(kind)]);
}
AttributeSet subscriber_attributes(SubscriptionNumber number, From from) {
  return attributes_of(number, "from", beginnings[static_cast<std::size_t>(from)]);
}

std::string_view topic_published_at(std::string_view path) {
  return between(path, publisher_segment);
}
std::string_view topic_subscribed_at(std::string_view path) {
  return between(path, subscriber_segment);
}

std::optional<PublisherRole> publisher_of(Attributes attributes) {
  const auto number = number_of(attributes);
  const auto kind = place_in(kinds, attributes.get("kind"));
  if (!number || !kind) return std::nullopt;
  return PublisherRole{*number, TopicKind{static_cast<std::uint8_t>(*kind)}};
}

std::optional<SubscriberRole> subscriber_of(Attributes attributes) {
  const auto number = number_of(attributes);
  const auto from = place_in(beginnings, attributes.get("from"));
  if (!number || !from) return std::nullopt;
  return SubscriberRole{*number, From{static_cast<std::uint8_t>(*from)}};
}

}  // namespace muster
