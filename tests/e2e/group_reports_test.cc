// What a member tells switches and routers about its group, as another program reads it on the
// wire.
#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/e2e/members.h"
#include "tests/e2e/segment.h"
#include "tools/lab/process.h"

namespace muster::e2e {
namespace {

/// The words are tshark's. A line that it prints begins with a 1 for each checksum that is right.
struct Protocol {
  const char* name;
  const char* address;
  const char* filter;
  const char* fields;
  const char* version;  ///< the switch's word for that of its questions, without the number
  int older;
  std::string older_report, older_leave, newer_report, newer_leave;
};
const Protocol protocols[] = {
    {.name = "Igmp",
     .address = "10.77.0.1/24",
     .filter = "igmp",
     .fields = "-e ip.checksum.status -e igmp.checksum.status -e _ws.malformed",
     .version = "mcast_igmp_version",
     .older = 2,
     .older_report = "1 1  Membership Report group 239.77.0.1",
     .older_leave = "1 1  Leave Group 239.77.0.1",
     .newer_report = "1 1  Membership Report / Join group 239.77.0.1 for any sources",
     .newer_leave = "1 1  Membership Report / Leave group 239.77.0.1"},
    {.name = "Mld",
     .address = "fd77::1/64",
     .filter = "icmpv6.mld.multicast_address == ff12::4d:1 or "
               "icmpv6.mldr.mar.multicast_address == ff12::4d:1",
     .fields = "-e icmpv6.checksum.status -e icmpv6.mldr.mar.record_type -e _ws.malformed",
     .version = "mcast_mld_version",
     .older = 1,
     .older_report = "1   Multicast Listener Report",
     .older_leave = "1   Multicast Listener Done",
     .newer_report = "1 2  Multicast Listener Report Message v2",   // MODE_IS_EXCLUDE
     .newer_leave = "1 3  Multicast Listener Report Message v2"}};  // CHANGE_TO_INCLUDE_MODE

class GroupReports : public testing::TestWithParam<Protocol> {
 protected:
  GroupReports() {
    segment_.home().inside([this] {
      tshark_.emplace(std::vector<std::string>{
          "/bin/sh", "-c",
          fmt::format("exec tshark -n -l -i port0 -o ip.check_checksum:TRUE -Y '{}' -T fields "
                      "-E separator=/s {} -e _ws.col.Info 2>&1",
                      GetParam().filter, GetParam().fields)});
    });
  }
  /// All of these lines, since the last question.
  bool reads(const std::vector<std::string>& wanted) {
    return members_.wait([&] {
      std::ranges::move(tshark_->read_lines(), std::back_inserter(lines_));
      return std::ranges::all_of(wanted, [this](const std::string& line) {
        return std::ranges::find(lines_, line) != lines_.end();
      });
    });
  }
  std::string read() const { return fmt::format("{}", fmt::join(lines_, "\n")); }
  /// The switch asks at once when it becomes the one who asks.
  void ask(int version) {
    lines_.clear();
    segment_.home().inside([version] {
      ip("link set dev bridge type bridge mcast_querier 0");
      ip(fmt::format("link set dev bridge type bridge mcast_querier 1 {} {}", GetParam().version,
                     version));
    });
  }

  Segment segment_;
  NetworkNamespace machine_ = segment_.machine();
  std::optional<lab::Process> tshark_;
  std::vector<std::string> lines_;
  Members members_;
};

TEST_P(GroupReports, AreReadByAnotherProgramInBothVersions) {
  const Protocol& protocol = GetParam();
  ASSERT_TRUE(reads({"Capturing on 'port0'"})) << read();
  machine_.inside([&] {
    members_.start("ann", {"--address", protocol.address, "--device", "eth0", "--way", "af_packet"},
                   own_interfaces);
  });
  ASSERT_TRUE(members_.wait([this] { return members_.all_see_all(); }));
  ask(protocol.older);
  EXPECT_TRUE(reads({protocol.older_report})) << read();
  ask(protocol.older + 1);
  EXPECT_TRUE(reads({protocol.newer_report})) << read();
  lines_.clear();
  members_.at("ann").tell("leave");
  EXPECT_TRUE(reads({protocol.older_leave, protocol.newer_leave})) << read();
}

INSTANTIATE_TEST_SUITE_P(Protocols, GroupReports, testing::ValuesIn(protocols),
                         [](const auto& protocol) { return protocol.param.name; });

}  // namespace
}  // namespace muster::e2e
