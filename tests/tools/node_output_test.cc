#include <gtest/gtest.h>

#include "tools/node/output.h"

namespace muster::node_command {
namespace {

/// Whoever binds such a value must not end the others who look at it.
TEST(Sentence, ShowsBytesThatAreNotUtf8AsReplacements) {
  const ordered_json tree = {{"event", "tree"}, {"names", {{{"value", "\xff\xfe"}}}}};
  EXPECT_NE(sentence(tree).find("\xef\xbf\xbd"), std::string::npos);
  const ordered_json error = {{"event", "error"}, {"message", {{"\xff", 1}}}};
  EXPECT_NE(sentence(error).find("\xef\xbf\xbd"), std::string::npos);
}

TEST(Sentence, SaysWhoHasJoined) {
  EXPECT_EQ(sentence({{"event", "joined"}, {"member", "bob"}, {"endpoint", "10.77.0.2:7777"}}),
            "+ bob joined, at 10.77.0.2:7777");
}

TEST(Sentence, SaysWhatDoesNotArriveAndWhatToLookAt) {
  ordered_json path = {{"event", "path"}, {"member", "bob"}, {"bytes", 9000}, {"carries", false}};
  EXPECT_TRUE(sentence(path).starts_with("packets of 9000 bytes do not arrive at bob: "));
  EXPECT_NE(sentence(path).find("MTU of switches"), std::string::npos);
  path["carries"] = true;
  EXPECT_EQ(sentence(path), "packets of 9000 bytes arrive at bob again");
}

TEST(Sentence, SaysWhichWayThePortGoesAndWhatWouldBeFaster) {
  ordered_json port = {{"event", "port"},
                       {"device", "net_af_packet3,iface=eth1"},
                       {"way", "af_packet"},
                       {"why", "it carries the default route"},
                       {"better", ""}};
  EXPECT_EQ(sentence(port),
            "port net_af_packet3,iface=eth1: af_packet, since it carries the default route");
  port["better"] = "vfio would be faster: bind it";
  EXPECT_TRUE(sentence(port).ends_with("route; vfio would be faster: bind it"));
  port["lowered"] = {"multicast filter: none, the rest in software"};
  EXPECT_TRUE(sentence(port).ends_with("bind it; multicast filter: none, the rest in software"));
  port["queues"] = 1;
  EXPECT_TRUE(sentence(port).ends_with("in software"));
  port["queues"] = 2;
  EXPECT_TRUE(sentence(port).ends_with("in software; 2 queues, each with a thread"));
  port["cautions"] = {"core 5 is on node 1, the NIC eth1 on node 0"};
  EXPECT_NE(sentence(port).find("in software; core 5 is on node 1"), std::string::npos);
}

TEST(Sentence, SaysWhyThePortIsLost) {
  EXPECT_EQ(sentence({{"event", "port_lost"}, {"why", "the port eth1 is gone"}}),
            "without its port: the port eth1 is gone");
}

TEST(Sentence, SaysHowTheNodeWaits) {
  EXPECT_EQ(sentence({{"event", "waits"}, {"idle", "backoff"}, {"why", "that was asked for"}}),
            "waits by backoff, since that was asked for");
}

}  // namespace
}  // namespace muster::node_command
