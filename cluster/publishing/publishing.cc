#include "cluster/publishing/publishing.h"

namespace muster {

/// What is no role ends the one that was bound there before.
void Publishing::on_bound(const Binding& binding) {
  if (const auto topic = topic_subscribed_at(binding.path); !topic.empty()) {
    const auto role = subscriber_of(binding.attributes);
    role ? publisher_.on_subscriber(binding.owner, topic, *role)
         : publisher_.on_subscriber_gone(binding.owner, topic);
  } else if (const auto published = topic_published_at(binding.path); !published.empty()) {
    const auto role = publisher_of(binding.attributes);
    role ? subscriber_.on_publisher(binding.owner, published, *role)
         : subscriber_.on_publisher_gone(binding.owner, published);
  }
}

void Publishing::on_withdrawn(const Binding& binding) {
  if (const auto topic = topic_subscribed_at(binding.path); !topic.empty())
    publisher_.on_subscriber_gone(binding.owner, topic);
  else if (const auto published = topic_published_at(binding.path); !published.empty())
    subscriber_.on_publisher_gone(binding.owner, published);
}

}  // namespace muster
