// What stands behind a Client.
#pragma once

#include <memory>
#include <utility>

#include "node/application.h"
#include "node/client.h"
#include "node/idle_strategy.h"

namespace muster {

struct Client::Parts {
  Parts(const NodeConfig& config, Handler& handler, Runner& runner, ChannelSet channels)
      : application(config, handler, runner, channels), idle(config.idle) {}
  virtual ~Parts() = default;
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  Application application;
  IdleStrategy idle;
};

/// Stands before the parts that need it, and ends after them.
struct OwnRunner {
  std::shared_ptr<const void> driver;  ///< on which the runner stands: the node may end before
  std::unique_ptr<Runner> runner;
};

struct AttachedParts final : OwnRunner, Client::Parts {
  AttachedParts(const NodeConfig& config, Handler& handler, OwnRunner own, ChannelSet channels)
      : OwnRunner(std::move(own)), Client::Parts(config, handler, *runner, channels) {}
  ~AttachedParts() override { application.end(); }
};

}  // namespace muster
