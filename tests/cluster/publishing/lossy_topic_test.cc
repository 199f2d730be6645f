// Topics of each kind on a segment that loses and reorders, with subscribers that come at any time
// and refuse now and then. The seed picks the topic and the mix of faults as well as the dice.
#include <algorithm>
#include <array>
#include <optional>
#include <random>

#include "tests/cluster/publishing/topics.h"

namespace muster::test {
namespace {

constexpr int messages = 150;

/// Nobody else's bytes.
std::string content(std::uint64_t seed, int number) {
  std::mt19937_64 random(seed << 32 | static_cast<std::uint64_t>(number));
  constexpr std::array<std::size_t, 6> sizes{0, 10, 200, 1'400, 4'000, 20'000};
  std::string text = std::to_string(number) + ":";
  text.resize(text.size() + sizes[random() % (number % 9 == 0 ? 6 : 4)]);
  for (std::size_t at = text.find(':') + 1; at < text.size(); ++at)
    text[at] = static_cast<char>('a' + random() % 26);
  return text;
}

class LossyTopic {
 public:
  explicit LossyTopic(std::uint64_t seed)
      : seed_(seed),
        random_(seed),
        loss_percent_(random_() % 30),
        delay_max_ns_(random_() % (300 * us) + 1),
        refuse_percent_(random_() % 60),
        config_(some_topic()),
        cluster_({"ann", "bob", "carol", "dave"}, [this](MemberConfig& config) { tune(config); }) {}

  void run() {
    const TopicNumber topic = cluster_.announce(cluster_.ann(), config_);
    subscribe(cluster_.bob());
    subscribe(cluster_.carol());
    disturb();
    while (said_ < messages && !::testing::Test::HasFailure()) {
      if (said_ >= messages / 2 && !cluster_[3].member->publishing().subscriber().streams())
        subscribe(cluster_[3]);
      for (int burst = static_cast<int>(1 + random_() % 4); burst > 0; --burst) say(topic);
      refuse();
      cluster_.segment.run_for(random_() % (200 * us));
    }
    for (std::size_t host = 1; host < 4; ++host) cluster_[host].events.publications_max = SIZE_MAX;
    cluster_.segment.run_for(20 * second);
    for (std::size_t host = 1; host < 4; ++host) check(cluster_[host]);
    EXPECT_LE(cluster_.ann().held(), config_.history_packets);
    const PublishingStats& stats = cluster_.ann().member->publishing().stats();
    EXPECT_EQ(stats.reports_absurd, 0U);
    EXPECT_EQ(stats.reports_unknown, 0U);
  }

 private:
  TopicConfig some_topic() {
    TopicConfig topic{.name = "/t"};
    topic.kind = TopicKind{static_cast<std::uint8_t>(random_() % 3)};
    topic.slow = random_() % 3 == 0 ? SlowSubscriber::dropped : SlowSubscriber::slows;
    topic.multicast = random_() % 4 != 0;
    topic.history_packets = static_cast<std::uint32_t>(random_() % 40);
    topic.lag_packets = static_cast<std::uint32_t>(1 + random_() % 200);
    return topic;
  }
  void tune(MemberConfig& config) {
    constexpr std::array<std::uint32_t, 6> sizes{1, 2, 3, 16, 200, 1024};
    config.messaging.window_packets = sizes[random_() % sizes.size()];
    config.messaging.held_packets = sizes[random_() % sizes.size()] - 1;
    config.messaging.congestion.window_packets_max = sizes[random_() % sizes.size()];
  }
  bool chance(std::uint64_t percent) { return random_() % 100 < percent; }

  void subscribe(Host& host) {
    EXPECT_EQ(host.member->subscribe("/t", chance(50) ? From::history : From::now).result,
              TopicResult::done);
    cluster_.segment.run_for(random_() % (100 * us));
  }
  /// Of topics only: the members are to stay.
  void disturb() {
    cluster_.segment.filter = [this](const Segment::Transit& transit) {
      return transit.type < wire::Type::publication || !chance(loss_percent_);
    };
    cluster_.segment.delay = [this] { return random_() % delay_max_ns_; };
  }
  void refuse() {
    for (std::size_t host = 1; host < 4; ++host)
      cluster_[host].events.publications_max = chance(refuse_percent_) ? 0 : 6;
  }
  void say(TopicNumber topic) {
    if (said_ == messages) return;
    if (!writer_) {
      payload_ = content(seed_, said_);
      writer_.emplace(MessageHead{}, bytes(payload_));
    }
    while (!writer_->done() || packet_ != nullptr) {
      if (packet_ == nullptr) {
        packet_ = cluster_.ann().port.allocate();
        begin_messages(*packet_);
        ASSERT_TRUE(writer_->write(*packet_));
      }
      const auto ended = static_cast<std::uint32_t>(writer_->done() ? 1 : 0);
      const PublishOutcome outcome = cluster_.ann().member->publish(topic, *packet_, ended);
      if (outcome.result == PublishResult::would_block) {
        refuse();
        cluster_.segment.run_for(100 * us);
        continue;
      }
      ASSERT_EQ(outcome.result, PublishResult::sent);
      packet_ = nullptr;
    }
    writer_.reset();
    ++said_;
  }

  static bool begins(const Lines& lines, std::string_view with) {
    return std::ranges::any_of(lines,
                               [&](const std::string& line) { return line.starts_with(with); });
  }
  /// What it heard is what was said, in order; without holes but where the kind allows them.
  void check(const Host& host) {
    SCOPED_TRACE(host.config.name);
    const Lines heard = published_to(host);
    const Lines about = told(host);
    EXPECT_FALSE(begins(about, "pieces"));
    int before = -1;
    for (const std::string& line : heard) {
      const int number = std::stoi(line);
      ASSERT_TRUE(line == content(seed_, number));
      ASSERT_GT(number, before);
      if (config_.kind == TopicKind::reliable && before >= 0) {
        ASSERT_EQ(number, before + 1);
      }
      before = number;
    }
    const bool dropped = begins(about, "stream ann dropped");
    if (config_.kind == TopicKind::reliable) {
      EXPECT_FALSE(begins(about, "stream ann gap"));
    }
    if (config_.kind != TopicKind::reliable || config_.slow == SlowSubscriber::slows) {
      EXPECT_FALSE(dropped);
    }
    if (config_.kind != TopicKind::unreliable && !dropped) {
      EXPECT_EQ(before, messages - 1);
    }
  }

  const std::uint64_t seed_;
  std::mt19937_64 random_;
  const std::uint64_t loss_percent_;
  const DurationNs delay_max_ns_;
  const std::uint64_t refuse_percent_;
  const TopicConfig config_;
  Cluster cluster_;
  int said_ = 0;
  std::string payload_;
  std::optional<MessageWriter> writer_;
  Packet* packet_ = nullptr;  ///< written, and not accepted yet
};

TEST(LossyTopic, TellsEveryoneAllOrWhereItBreaksOff) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LossyTopic(seed).run();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace muster::test
