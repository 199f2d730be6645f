// Market data: a publisher, and watchers that come when they like.
//
//   market_data market.toml              publishes the lines of its standard input: "ACME 17.50"
//   market_data watcher.toml trades      says all of them, those from before it came too
//   market_data watcher.toml latest      says the latest one, and each that follows
//
// One thread polls the node, in either mode. The publisher waits for nobody: whoever is too slow is
// dropped from the trades, is told so, and goes on from then; of the latest it gets the latest.
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include "node/config_file.h"
#include "node/node.h"

namespace {

volatile std::sig_atomic_t stop = 0;

const muster::TopicConfig trades{.name = "/market/trades", .history_packets = 512};
const muster::TopicConfig latest{.name = "/market/latest",
                                 .kind = muster::TopicKind::last_value,
                                 .history_packets = 1,
                                 .lag_packets = 64};

void say(std::string_view line) {
  std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
  std::fflush(stdout);
}

class Market : public muster::Handler {
 public:
  explicit Market(const std::string& config_path) : node_(muster::load_config(config_path), *this) {
    if (!node_.join(10 * muster::second)) throw muster::StartError("could not join within 10 s");
    for (const muster::TopicConfig* topic : {&trades, &latest}) {
      const muster::Announced announced = node_.announce(*topic);
      if (announced.result != muster::TopicResult::done)
        throw muster::StartError("there is no room for " + topic->name);
      (topic == &trades ? trades_ : latest_) = announced.topic;
    }
  }

  void publish(std::string_view line) {
    for (const muster::TopicNumber topic : {trades_, latest_})
      while (node_.publish(topic, std::as_bytes(std::span(line))) ==
             muster::SendResult::would_block)  // nobody slows it: there will be room at once
        node_.idle(node_.poll());
    node_.flush();  // a packet each: who comes for the latest gets this alone
  }
  void turn() { node_.idle(node_.poll()); }
  bool open() const { return !muster::is_final(node_.standing()); }
  /// Until all have what was published.
  void finish() {
    while (node_.lag_packets(trades_) + node_.lag_packets(latest_) > 0 && open() && !stop) turn();
  }

 private:
  void on_subscriber(const muster::SubscriberEvent& event) override {
    switch (event.change) {
      case muster::SubscriberChange::joined:
        return say("a watcher has come");
      case muster::SubscriberChange::left:
        return say("a watcher has gone");
      case muster::SubscriberChange::dropped:
        return say("a watcher was too slow");
      case muster::SubscriberChange::refused:
        return say("a watcher follows as many markets as it may");
    }
  }

  muster::TopicNumber trades_ = 0;
  muster::TopicNumber latest_ = 0;
  muster::Node node_;  // last: it calls back
};

class Watcher : public muster::Handler {
 public:
  Watcher(const std::string& config_path, std::string_view topic)
      : topic_("/market/" + std::string(topic)), node_(muster::load_config(config_path), *this) {
    if (!node_.join(10 * muster::second)) throw muster::StartError("could not join within 10 s");
    follow(muster::From::history);
  }

  void turn() { node_.idle(node_.poll()); }
  bool open() const { return !muster::is_final(node_.standing()); }

 private:
  void follow(muster::From from) { subscription_ = node_.subscribe(topic_, from).subscription; }

  void on_publication(const muster::Publication& trade) override {
    const auto bytes = trade.bytes();
    say({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  void on_stream(const muster::StreamEvent& event) override {
    switch (event.change) {
      case muster::StreamChange::began:
        return say("the market is here");
      case muster::StreamChange::ended:
        return say("the market has gone");
      case muster::StreamChange::gap:
        return say("some were left out");
      case muster::StreamChange::dropped:
        say("too slow");
        node_.unsubscribe(subscription_);
        return follow(muster::From::now);
      case muster::StreamChange::refused:
        return say("more markets than limits.streams: it follows once another has gone");
    }
  }

  const std::string topic_;
  muster::SubscriptionNumber subscription_ = 0;
  muster::Node node_;  // last: it calls back
};

/// False at the end of the input.
bool read_lines(std::string& input, Market& market) {
  std::array<char, 4096> buffer;
  const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
  if (count == 0) return false;
  if (count > 0) input.append(buffer.data(), static_cast<std::size_t>(count));
  for (std::size_t end; (end = input.find('\n')) != input.npos; input.erase(0, end + 1))
    market.publish(std::string_view(input).substr(0, end));
  return true;
}

void publish(const std::string& config_path) {
  Market market(config_path);
  say("the market is open");
  fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
  std::string input;
  while (!stop && market.open() && read_lines(input, market)) market.turn();
  market.finish();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: %s CONFIG.toml [trades|latest]\n", argv[0]);
    return 2;
  }
  std::signal(SIGINT, [](int) { stop = 1; });
  std::signal(SIGTERM, [](int) { stop = 1; });
  try {
    if (argc == 2) {
      publish(argv[1]);
    } else {
      Watcher watcher(argv[1], argv[2]);
      while (!stop && watcher.open()) watcher.turn();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
