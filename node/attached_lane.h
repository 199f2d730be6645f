// The lane of a thread that came later.
#pragma once

#include "node/lane.h"
#include "node/pipelined_runner.h"

namespace muster {

/// Stands in the pipeline from its constructor to its destructor, which both wait for the engine.
class AttachedLane final : public Lane {
 public:
  AttachedLane(PipelinedRunner& pipeline, ChannelSet channels, bool directory)
      : Lane(pipeline.config_, pipeline.transport_, pipeline.shared_, channels.count()),
        pipeline_(pipeline) {
    PipelinedRunner::Change change{
        .lane = *this, .adds = true, .channels = channels, .directory = directory};
    pipeline_.carry_out(change);
  }
  ~AttachedLane() override {
    PipelinedRunner::Change change{.lane = *this, .adds = false, .channels = cut_};
    pipeline_.carry_out(change);
  }

  void cut(ChannelId channel) override { cut_.set(channel); }

 private:
  PipelinedRunner& pipeline_;
  ChannelSet cut_;
};

}  // namespace muster
