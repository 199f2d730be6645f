// What stands behind a Client.
#pragma once

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
  std::unique_ptr<Runner> runner;
};

struct AttachedParts final : OwnRunner, Client::Parts {
  AttachedParts(const NodeConfig& config, Handler& handler, std::unique_ptr<Runner> own,
                ChannelSet channels)
      : OwnRunner{std::move(own)}, Client::Parts(config, handler, *runner, channels) {}
  ~AttachedParts() override { application.end(); }
};

}  // namespace muster
