// Senders that share one queue, in virtual time: what congestion control is measured with.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cluster/config.h"
#include "cluster/messaging/congestion_control.h"
#include "cluster/messaging/round_trip_estimator.h"
#include "cluster/random.h"

namespace muster::test {

struct Line {
  DurationNs packet_ns = 1 * us;           ///< how long one packet occupies the line
  DurationNs round_trip_ns = 100 * us;     ///< of a packet that waits nowhere
  std::size_t queue_packets_max = 10'000;  ///< more are dropped
  std::uint32_t lost_per_million = 0;      ///< by chance
  DurationNs jitter_ns = 2 * us;           ///< else the same senders lose always (phase effects)
  DurationNs poll_ns = 1;                  ///< the receiver looks, and acknowledges, so often
};

/// One sender has as many packets for the line as its window lets it, or its application. It takes
/// a packet for lost when one that was sent three later is acknowledged: nothing is reordered here.
class Sender {
 public:
  Sender(const CongestionConfig& config, std::uint32_t application_packets)
      : control_(make_congestion_control(config)), application_packets_(application_packets) {}

  const CongestionControl& control() const { return *control_; }
  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t lost() const { return lost_; }

 private:
  friend class Bottleneck;
  struct Transmission {
    std::uint64_t packet = 0;
    TimeNs sent_ns = 0;
    bool again = false;
    bool done = false;
    bool superseded = false;  ///< the packet was sent again by a timeout
  };

  std::unique_ptr<CongestionControl> control_;
  std::uint32_t application_packets_;  ///< that it has under way, at most
  std::deque<Transmission> transmissions_;
  std::uint64_t first_ = 0;        ///< the number of the first transmission
  std::uint64_t probe_ = 0;        ///< the number after the last one that a timeout sent
  std::uint64_t packets_ = 0;      ///< sent at least once
  std::deque<bool> acknowledged_;  ///< packets, from acknowledged_from_ on
  std::uint64_t acknowledged_from_ = 0;
  std::deque<std::uint64_t> arrived_;        ///< transmissions whose acknowledgement has come
  std::deque<std::uint64_t> to_send_again_;  ///< lost packets: not under way
  std::uint32_t in_flight_ = 0;
  RoundTripEstimator round_trip_{200 * us, 100 * ms};
  unsigned timeouts_ = 0;  ///< since an acknowledgement
  TimeNs deadline_ns_ = never_ns;
  TimeNs paused_until_ns_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t lost_ = 0;
};

class Bottleneck {
 public:
  explicit Bottleneck(const Line& line, std::uint64_t seed = 1) : line_(line), random_(seed) {}

  /// Begins to send at once; never more than `application_packets` at a time.
  void add(const CongestionConfig& config, std::uint32_t application_packets = UINT32_MAX) {
    senders_.push_back(std::make_unique<Sender>(config, application_packets));
    fill(*senders_.back());
  }
  const Sender& sender(std::size_t index) const { return *senders_[index]; }
  std::size_t senders() const { return senders_.size(); }
  TimeNs now() const { return now_; }
  Line& line() { return line_; }

  void pause_receiver(DurationNs pause_ns) { receiver_paused_until_ns_ = now_ + pause_ns; }
  void pause_sender(std::size_t index, DurationNs pause_ns) {
    senders_[index]->paused_until_ns_ = now_ + pause_ns;
  }
  void set_application(std::size_t index, std::uint32_t packets) {
    senders_[index]->application_packets_ = packets;
    fill(*senders_[index]);
  }
  /// The next round trip is measured as so many times as long.
  void stretch_next_sample(std::uint32_t times) { stretch_ = times; }

  void run_for(DurationNs duration_ns) {
    for (const TimeNs end_ns = now_ + duration_ns;;) {
      Sender* due = nullptr;
      TimeNs next_ns = on_the_way_.empty() ? never_ns : on_the_way_.front().at_ns;
      for (const auto& sender : senders_) {
        if (const TimeNs at_ns = wakes_ns(*sender); at_ns < next_ns) {
          next_ns = at_ns;
          due = sender.get();
        }
      }
      if (next_ns > end_ns) {
        now_ = end_ns;
        return;
      }
      now_ = std::max(now_, next_ns);
      if (due != nullptr) {
        wake(*due);
      } else {
        Sender& sender = *on_the_way_.front().sender;
        sender.arrived_.push_back(on_the_way_.front().transmission);
        on_the_way_.pop_front();
      }
    }
  }

  /// Forgets what was counted.
  void measure() {
    for (const auto& sender : senders_) sender->delivered_ = sender->lost_ = 0;
    measured_from_ns_ = now_;
    arrivals_ = 0;
    queued_packets_ = 0;
    queue_packets_max_ = 0;
  }
  /// Since measure(): of what the line could have carried at its present rate.
  double utilization() const {
    std::uint64_t delivered = 0;
    for (const auto& sender : senders_) delivered += sender->delivered_;
    return static_cast<double>(delivered * line_.packet_ns) /
           static_cast<double>(now_ - measured_from_ns_);
  }
  /// That an arriving packet finds before it.
  double queue_packets_mean() const {
    return arrivals_ == 0 ? 0
                          : static_cast<double>(queued_packets_) / static_cast<double>(arrivals_);
  }
  std::size_t queue_packets_max() const { return queue_packets_max_; }
  double lost_share() const {
    std::uint64_t lost = 0;
    for (const auto& sender : senders_) lost += sender->lost_;
    return arrivals_ == 0 ? 0 : static_cast<double>(lost) / static_cast<double>(arrivals_);
  }
  /// Jain, Chiu, Hawe (1984): 1 when all have the same, 1/n when one has all.
  double fairness() const {
    double sum = 0;
    double squares = 0;
    for (const auto& sender : senders_) {
      const auto share = static_cast<double>(sender->delivered_);
      sum += share;
      squares += share * share;
    }
    return sum * sum / (static_cast<double>(senders_.size()) * squares);
  }
  /// How far from an even share the furthest is: 0.2 is a fifth more or less.
  double unevenness() const {
    double sum = 0;
    for (const auto& sender : senders_) sum += static_cast<double>(sender->delivered_);
    const double even = sum / static_cast<double>(senders_.size());
    double furthest = 0;
    for (const auto& sender : senders_) {
      furthest = std::max(furthest, std::abs(static_cast<double>(sender->delivered_) / even - 1));
    }
    return furthest;
  }

 private:
  struct OnTheWay {
    TimeNs at_ns;
    Sender* sender;
    std::uint64_t transmission;
  };

  static TimeNs wakes_ns(const Sender& sender) {
    const TimeNs wanted_ns = sender.arrived_.empty() ? sender.deadline_ns_ : 0;
    return wanted_ns == never_ns ? never_ns : std::max(wanted_ns, sender.paused_until_ns_);
  }

  void wake(Sender& sender) {
    if (!sender.arrived_.empty()) {
      take(sender);
    } else {
      sender.control_->on_timeout(now_);
      ++sender.timeouts_;
      const auto oldest = std::find_if(
          sender.transmissions_.begin(), sender.transmissions_.end(),
          [&](const auto& sent) { return !sent.superseded && !acknowledged(sender, sent.packet); });
      oldest->superseded = true;
      transmit(sender, oldest->packet, true);
      sender.probe_ = sender.first_ + sender.transmissions_.size();
      sender.deadline_ns_ =
          now_ +
          std::min(sender.round_trip_.timeout_ns() << std::min(sender.timeouts_, 10U), 100 * ms);
    }
    fill(sender);
  }

  static bool acknowledged(const Sender& sender, std::uint64_t packet) {
    return packet < sender.acknowledged_from_ ||
           sender.acknowledged_[packet - sender.acknowledged_from_];
  }

  /// All that has come is one acknowledgement.
  void take(Sender& sender) {
    const std::uint32_t in_flight = sender.in_flight_;
    const std::uint64_t newest = sender.arrived_.back();
    std::uint32_t packets = 0;
    std::optional<DurationNs> round_trip_ns;
    for (const std::uint64_t number : sender.arrived_) {
      if (number < sender.first_) continue;
      Sender::Transmission& transmission = sender.transmissions_[number - sender.first_];
      transmission.done = true;
      if (acknowledged(sender, transmission.packet)) continue;
      sender.acknowledged_[transmission.packet - sender.acknowledged_from_] = true;
      ++packets;
      if (!transmission.again) round_trip_ns = now_ - transmission.sent_ns;
    }
    sender.arrived_.clear();
    while (!sender.acknowledged_.empty() && sender.acknowledged_.front()) {
      sender.acknowledged_.pop_front();
      ++sender.acknowledged_from_;
    }
    sender.in_flight_ -= packets;
    sender.delivered_ += packets;
    if (packets > 0) {
      sender.timeouts_ = 0;
      if (round_trip_ns) {
        *round_trip_ns *= std::exchange(stretch_, 1);
        sender.round_trip_.sample(*round_trip_ns);
      }
      sender.control_->on_acknowledged(
          now_, packets, round_trip_ns ? std::optional(RoundTrip{*round_trip_ns}) : std::nullopt,
          in_flight);
    }
    find_lost(sender, newest);
    sender.deadline_ns_ = sender.in_flight_ > 0 ? now_ + sender.round_trip_.timeout_ns() : never_ns;
  }

  void find_lost(Sender& sender, std::uint64_t newest) {
    std::uint32_t lost = 0;
    const bool probed = newest + 1 >= sender.probe_;
    while (!sender.transmissions_.empty()) {
      const Sender::Transmission& oldest = sender.transmissions_.front();
      if (!oldest.done) {
        const bool overtaken = sender.first_ + 3 <= newest || (probed && sender.first_ < newest);
        if (!overtaken) break;
        if (!acknowledged(sender, oldest.packet) && !oldest.superseded) {
          sender.to_send_again_.push_back(oldest.packet);
          ++lost;
        }
      }
      sender.transmissions_.pop_front();
      ++sender.first_;
    }
    if (lost == 0) return;
    sender.in_flight_ -= lost;
    sender.lost_ += lost;
    sender.control_->on_lost(now_, lost);
  }

  void fill(Sender& sender) {
    while (sender.in_flight_ < sender.control_->window_packets() &&
           sender.in_flight_ < sender.application_packets_) {
      if (sender.in_flight_++ == 0) sender.deadline_ns_ = now_ + sender.round_trip_.timeout_ns();
      if (!sender.to_send_again_.empty()) {
        transmit(sender, sender.to_send_again_.front(), true);
        sender.to_send_again_.pop_front();
      } else {
        sender.acknowledged_.push_back(false);
        transmit(sender, sender.packets_++, false);
      }
    }
  }

  void transmit(Sender& sender, std::uint64_t packet, bool again) {
    const std::uint64_t number = sender.first_ + sender.transmissions_.size();
    sender.transmissions_.push_back({packet, now_, again, false});
    while (!departures_.empty() && departures_.front() <= now_) departures_.pop_front();
    ++arrivals_;
    queued_packets_ += departures_.size();
    queue_packets_max_ = std::max(queue_packets_max_, departures_.size());
    if (departures_.size() >= line_.queue_packets_max) return;
    const TimeNs before_ns = departures_.empty() ? now_ : departures_.back();
    departures_.push_back(before_ns + line_.packet_ns);
    if (random_.below(1'000'000) < line_.lost_per_million) return;
    TimeNs there_ns = departures_.back() + line_.round_trip_ns - line_.packet_ns;
    there_ns += random_.below(line_.jitter_ns + 1);
    there_ns = std::max(there_ns, receiver_paused_until_ns_);
    if (!on_the_way_.empty()) there_ns = std::max(there_ns, on_the_way_.back().at_ns);
    const TimeNs at_ns = (there_ns + line_.poll_ns - 1) / line_.poll_ns * line_.poll_ns;
    on_the_way_.push_back({at_ns, &sender, number});
  }

  Line line_;
  Random random_;
  TimeNs now_ = 0;
  TimeNs receiver_paused_until_ns_ = 0;
  std::uint32_t stretch_ = 1;
  std::vector<std::unique_ptr<Sender>> senders_;
  std::deque<TimeNs> departures_;    ///< of the packets in the queue
  std::deque<OnTheWay> on_the_way_;  ///< packets that have left the queue's end to come
  TimeNs measured_from_ns_ = 0;
  std::uint64_t arrivals_ = 0;
  std::uint64_t queued_packets_ = 0;
  std::size_t queue_packets_max_ = 0;
};

}  // namespace muster::test
