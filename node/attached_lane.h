// The lane of a thread that came later.
#pragma once

#include "node/lane.h"
#include "node/pipelined_runner.h"

namespace muster {

/// Stands in the pipeline from its constructor to its destructor, which both wait for the engine.
/// Where that ends before, what it has told is heard to the last word.
class AttachedLane final : public Lane {
 public:
  AttachedLane(PipelinedRunner& pipeline, ChannelSet channels, bool directory)
      : Lane(pipeline.config_, pipeline.queues_.front()->transport, pipeline.shared_, channels),
        pipeline_(pipeline) {
    pipeline_.shared_.errands.carry_out(
        [&](Engine&, TimeNs now) { pipeline_.add(engines(), channels, directory, now); });
  }
  ~AttachedLane() override {
    pipeline_.shared_.errands.carry_out(
        [&](Engine&, TimeNs now) { pipeline_.remove(engines(), cut_, now); });
  }

  bool next(Word& word) override {
    return Lane::next(word) || (ended() && listener().flush_backlog() > 0 && Lane::next(word));
  }
  /// Nothing would wake it any more.
  bool arm(TimeNs until, bool for_room) override {
    return Lane::arm(until, for_room) && !(ended() && (for_room || listener().unheard()));
  }
  void cut(ChannelId channel) override { cut_.set(channel); }

 private:
  bool ended() const { return pipeline_.shared_.errands.ended(); }

  PipelinedRunner& pipeline_;
  ChannelSet cut_;
};

}  // namespace muster
