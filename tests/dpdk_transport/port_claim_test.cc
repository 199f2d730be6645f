#include "dpdk_transport/port_claim.h"

#include <optional>

#include <gtest/gtest.h>
#include <unistd.h>

#include "cluster/errors.h"

namespace muster::dpdk {
namespace {

/// Tests run beside each other.
const std::string port = "eth-" + std::to_string(getpid());

TEST(PortClaim, IsOneMembers) {
  std::optional<PortClaim> first(port);
  try {
    const PortClaim second(port);
    ADD_FAILURE() << "two have it";
  } catch (const StartError& error) {
    EXPECT_NE(std::string(error.what()).find(port + " is the port of another member"),
              std::string::npos);
  }
  const PortClaim other(port + "1");
  first.reset();
  const PortClaim successor(port);
}

}  // namespace
}  // namespace muster::dpdk
