#include "dpdk_transport/device_name.h"

#include <gtest/gtest.h>

#include "dpdk_transport/eal.h"

namespace muster::dpdk {
namespace {

std::string sentence(const std::string& device) {
  try {
    const DeviceName name = parse_device(device);
    if (name.is_memif()) memif_end(name);
  } catch (const StartError& error) {
    return error.what();
  }
  return "";
}

TEST(DeviceName, KnowsAPciAddress) {
  EXPECT_TRUE(parse_device("0000:3b:00.1").pci);
  EXPECT_EQ(parse_device("3b:00.1").name, "0000:3b:00.1");
}

TEST(DeviceName, KnowsAVdevAndItsArguments) {
  const DeviceName name = parse_device("net_af_packet12,iface=eth0,qpairs=1");
  EXPECT_FALSE(name.pci);
  EXPECT_EQ(name.name, "net_af_packet12");
  EXPECT_EQ(name.driver(), "net_af_packet");
  EXPECT_EQ(name.argument("iface"), "eth0");
  EXPECT_EQ(name.argument("mac"), std::nullopt);
  EXPECT_EQ(name.argument_text(), "iface=eth0,qpairs=1");
}

TEST(DeviceName, AddsWhatTheUserHasNotSaid) {
  DeviceName name = parse_device("net_memif0,bsize=4096,socket=/s");
  name.add_argument("bsize", "2048");
  name.add_argument("rsize", "9");
  EXPECT_EQ(name.argument_text(), "bsize=4096,socket=/s,rsize=9");
}

TEST(DeviceName, SaysWhatItAccepts) {
  for (const char* device : {"eth0", "", "net_", "net_memif", "0000:3b:00", "/dev/net", "memif0"}) {
    EXPECT_NE(sentence(device).find("give an interface"), std::string::npos) << device;
    EXPECT_NE(sentence(device).find("\"" + std::string(device) + "\""), std::string::npos);
  }
  EXPECT_NE(sentence("net_tap0,iface").find("key=value"), std::string::npos);
}

TEST(MemifEnd, IsAClientUnlessItSaysServer) {
  EXPECT_FALSE(memif_end(parse_device("net_memif0,socket=/s")).server);
  const MemifEnd end = memif_end(parse_device("net_memif0,role=server,id=3,socket=/s"));
  EXPECT_TRUE(end.server);
  EXPECT_EQ(end.id, "3");
  EXPECT_EQ(end.socket, "/s");
}

TEST(MemifEnd, NamesTheArgumentThatIsWrong) {
  EXPECT_NE(sentence("net_memif0,role=master,socket=/s").find("role=master"), std::string::npos);
  EXPECT_NE(sentence("net_memif0,id=x,socket=/s").find("id=x"), std::string::npos);
  EXPECT_NE(sentence("net_memif0,id=1").find("add socket="), std::string::npos);
  EXPECT_NE(sentence("net_memif0,socket=/s,socket-abstract=yes").find("socket-abstract"),
            std::string::npos);
  EXPECT_NE(sentence("net_memif0,socket=/" + std::string(200, 's')).find("shorter"),
            std::string::npos);
}

}  // namespace
}  // namespace muster::dpdk
