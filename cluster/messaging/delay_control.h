// Congestion control that hears queues before they overflow (docs/adr/0012).
#pragma once

#include <optional>

#include "cluster/messaging/congestion_control.h"
#include "cluster/messaging/lowest_round_trip.h"

namespace muster {

/// The window grows by a packet a round while the round trip is below a target, and shrinks in
/// proportion to the excess above it, at most once in two rounds: the rule of Swift (Kumar et al.,
/// SIGCOMM 2020). A round is as many acknowledgements as packets were under way when it began, and
/// what counts is the lowest round trip of a round, since a queue that stands delays every packet
/// and a process that was not scheduled only some (CoDel: Nichols, Jacobson, ACM Queue 10(5)).
///
/// The target is the lowest round trip lately and a margin. Senders that never see an empty queue
/// would take their own for the line, so each is still for a moment, now and then, and looks: the
/// way of BBR (Cardwell et al., ACM Queue 14(5)), which also makes all on one line look together.
/// Whoever loses packets and sees no queue doubts what it has seen, and looks sooner.
class DelayControl final : public CongestionControl {
 public:
  /// Requires 1 <= start <= max.
  explicit DelayControl(const CongestionConfig& config);

  void on_acknowledged(TimeNs now, std::uint32_t packets,
                       const std::optional<RoundTrip>& round_trip,
                       std::uint32_t in_flight) override;
  void on_lost(TimeNs now, std::uint32_t packets) override;
  void on_timeout(TimeNs now) override;
  std::uint32_t window_packets() const override;

 private:
  /// As many acknowledgements as packets were under way when it began.
  struct Round {
    bool begun = false;
    std::uint32_t awaited = 0;
    std::uint32_t acknowledged = 0;
    std::uint32_t lost = 0;
    std::uint32_t samples = 0;
    DurationNs lowest_ns = never_ns;  ///< of its round trips
  };

  /// What is lost where no queue is seen may be lost to one that is taken for the line.
  struct Doubt {
    bool raised = false;
    DurationNs look_after_ns = 0;  ///< after the last look
    TimeNs looked_ns = 0;          ///< its end
    DurationNs lowest_ns = 0;      ///< as it was taken for before this look
  };

  DurationNs margin_ns() const;
  DurationNs target_ns() const;
  /// Hardly later than the lowest: nothing stands in the line.
  bool quiet(DurationNs round_trip_ns) const;
  void grow(std::uint32_t packets, DurationNs round_trip_ns);
  void judge(const Round& round);
  /// By what the window is to be multiplied after two rounds, the later of which is `round`.
  double kept_after(const Round& round, bool queue, bool heavy_loss) const;
  DurationNs look_interval_ns() const;
  void lowest_seen(TimeNs now);
  bool looking() const { return look_until_ns_ != 0; }
  bool due_to_look(TimeNs now) const;
  void settle_doubt(TimeNs now);
  void look(TimeNs now);

  const CongestionConfig config_;
  LowestRoundTrip lowest_;
  double window_;
  double known_to_fit_ = 0;  ///< up to here it grows as fast as acknowledgements come
  bool starting_ = true;     ///< doubles in each round, until the first sign of a limit
  Round round_;
  DurationNs round_before_ns_ = 0;  ///< the lowest of the round before; 0: not measured
  std::uint32_t rounds_since_cut_ = 0;
  std::uint32_t quiet_rounds_ = 0;  ///< in succession, up to now
  std::uint32_t timeouts_ = 0;      ///< since the last acknowledgement
  TimeNs lowest_seen_ns_ = 0;       ///< about the lowest, or the end of the last look
  DurationNs look_after_ns_ = 0;    ///< after that
  TimeNs look_until_ns_ = 0;        ///< 0: not looking
  Doubt doubt_;
};

}  // namespace muster
