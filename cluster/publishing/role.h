// How publishers and subscribers stand in the directory (docs/protocol.md §9.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/attributes.h"
#include "cluster/events.h"
#include "cluster/publishing/topic_config.h"
#include "cluster/wire/path.h"

namespace muster {

inline constexpr std::string_view topics_path = "/topics";
inline constexpr std::string_view publisher_segment = "/publisher";
inline constexpr std::string_view subscriber_segment = "/subscriber";
inline constexpr std::size_t topic_name_bytes_max =
    wire::path_bytes_max - topics_path.size() - subscriber_segment.size();

inline bool valid_topic_name(std::string_view name) {
  return name.size() <= topic_name_bytes_max && wire::valid_path(name);
}
/// Nobody binds such a name but for a role.
inline bool is_reserved(std::string_view path) {
  return path.starts_with(topics_path) &&
         (path.size() == topics_path.size() || path[topics_path.size()] == '/');
}

std::string publisher_path(std::string_view topic);
std::string subscriber_path(std::string_view topic);
AttributeSet publisher_attributes(TopicNumber number, TopicKind kind);
AttributeSet subscriber_attributes(SubscriptionNumber number, From from);

struct PublisherRole {
  TopicNumber number = 0;
  TopicKind kind = TopicKind::reliable;
};
struct SubscriberRole {
  SubscriptionNumber number = 0;
  From from = From::now;
};
/// The topic whose role this path stands for; empty: none.
std::string_view topic_published_at(std::string_view path);
std::string_view topic_subscribed_at(std::string_view path);
/// nullopt: the attributes are not those of a role, and it is none.
std::optional<PublisherRole> publisher_of(Attributes attributes);
std::optional<SubscriberRole> subscriber_of(Attributes attributes);

}  // namespace muster
