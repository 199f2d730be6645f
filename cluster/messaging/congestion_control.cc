#include "cluster/messaging/congestion_control.h"

#include <algorithm>

#include "cluster/messaging/delay_control.h"

namespace muster {
namespace {

class FixedWindow final : public CongestionControl {
 public:
  explicit FixedWindow(std::uint32_t window_packets) : window_packets_(window_packets) {}

  void on_acknowledged(TimeNs, std::uint32_t, const std::optional<RoundTrip>&,
                       std::uint32_t) override {}
  void on_lost(TimeNs, std::uint32_t) override {}
  void on_timeout(TimeNs) override {}
  std::uint32_t window_packets() const override { return window_packets_; }

 private:
  const std::uint32_t window_packets_;
};

}  // namespace

std::unique_ptr<CongestionControl> make_congestion_control(const CongestionConfig& config) {
  CongestionConfig checked = config;
  checked.window_packets_max = std::max(config.window_packets_max, 1U);
  checked.window_packets_start =
      std::clamp(config.window_packets_start, 1U, checked.window_packets_max);
  if (checked.kind == CongestionKind::fixed) {
    return std::make_unique<FixedWindow>(checked.window_packets_max);
  }
  return std::make_unique<DelayControl>(checked);
}

}  // namespace muster
