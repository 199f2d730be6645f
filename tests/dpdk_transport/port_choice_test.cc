#include "dpdk_transport/port_choice.h"

#include <gtest/gtest.h>

#include "dpdk_transport/frame_pool.h"

namespace muster::dpdk {
namespace {

constexpr const char* address = "0000:3b:00.0";
constexpr MacAddress mac = {0x52, 0x54, 0, 0, 0, 1};

/// A machine with one NIC, eth1, and every right. The kernel's driver has it.
NicFacts machine(const std::string& driver = "e1000e") {
  return {
      .interfaces =
          {{.name = "eth1", .index = 3, .mac = mac, .pci = address, .driver = driver, .up = true}},
      .nics = {{.address = address, .driver = driver}},
      .may_read_frames = true,
      .may_load_xdp = true};
}
/// The same, handed over to DPDK.
NicFacts handed_over(const std::string& driver = "vfio-pci") {
  NicFacts facts = machine(driver);
  facts.interfaces.clear();
  return facts;
}
/// An interface without a NIC, as in a container.
NicFacts container() {
  NicFacts facts = machine();
  facts.nics.clear();
  facts.interfaces[0].pci = "";
  facts.interfaces[0].driver = "";
  return facts;
}
NicFacts with_default_route(NicFacts facts) {
  facts.interfaces[0].default_route = true;
  return facts;
}

std::string sentence(std::string_view text, std::optional<Way> forced, const NicFacts& facts,
                     std::uint32_t mtu = mtu_default) {
  try {
    choose_port(text, forced, facts, mtu);
  } catch (const StartError& error) {
    return error.what();
  }
  return "";
}
void expect_sentence(const std::string& said, std::initializer_list<const char*> parts) {
  for (const char* part : parts)
    EXPECT_NE(said.find(part), std::string::npos) << part << " is missing in: " << said;
}

TEST(PortChoice, TakesAVdevAsItIsWritten) {
  const char* text = "net_memif0,role=client,socket=/s";
  const PortChoice choice = choose_port(text, {}, machine());
  EXPECT_EQ(choice.device, text);
  EXPECT_EQ(choice.way, Way::as_written);
  EXPECT_EQ(choose_port("net_af_packet0,iface=eth1", Way::af_packet, machine()).way,
            Way::as_written);
  expect_sentence(sentence("net_tap0,iface=t", Way::vfio, machine()),
                  {"net_tap0", "\"vfio\"", "leave the way out"});
}

/// As the named way does it; here the user may have meant it.
TEST(PortChoice, OfAWrittenXdpReadsTheQueuesThatThereAre) {
  NicFacts facts = machine();
  facts.interfaces[0].receive_queues = 2;
  const std::string text = "net_af_xdp0,iface=eth1";
  const PortChoice lowered = choose_port(text, {}, facts, mtu_default, 4);
  EXPECT_EQ(lowered.device, text + ",queue_count=2");
  EXPECT_EQ(lowered.better, "");
  EXPECT_EQ(choose_port(text + ",queue_count=2", {}, facts, mtu_default, 4).device,
            text + ",queue_count=2");
  const PortChoice deaf = choose_port(text, {}, facts, mtu_default, 1);
  EXPECT_EQ(deaf.device, text);
  expect_sentence(deaf.better,
                  {"2 queues, of which af_xdp reads one", "ethtool -L eth1 combined 1"});
  expect_sentence(sentence(text + ",queue_count=4", {}, facts),
                  {"queue_count=4 is more than the 2 that eth1 has", "leave it out"});
}

TEST(PortChoice, NamesOnePortByItsInterfaceItsMacAndItsPciAddress) {
  const std::string device = choose_port("eth1", {}, machine()).device;
  EXPECT_EQ(device, "net_af_xdp3,iface=eth1");
  for (const char* text : {"52:54:00:00:00:01", "3b:00.0", address})
    EXPECT_EQ(choose_port(text, {}, machine()).device, device) << text;
}

TEST(PortChoice, TakesItsOwnDriverWhereTheKernelHasHandedTheNicOver) {
  for (const char* driver : {"vfio-pci", "uio_pci_generic", "igb_uio"}) {
    const PortChoice choice = choose_port("3b:00.0", {}, handed_over(driver));
    EXPECT_EQ(choice.device, address);
    EXPECT_EQ(choice.way, Way::vfio);
    EXPECT_NE(choice.why.find(driver), std::string::npos);
    EXPECT_EQ(choice.better, "");
  }
  EXPECT_EQ(choose_port("3b:00.0,rx_vec=1", {}, handed_over()).device, "0000:3b:00.0,rx_vec=1");
}

TEST(PortChoice, SharesTheNicsThatCanBeShared) {
  for (const char* driver : {"mlx5_core", "mlx4_core"})
    for (const char* text : {"eth1", address, "52:54:00:00:00:01"}) {
      const PortChoice choice = choose_port(text, {}, machine(driver));
      EXPECT_EQ(choice.device, address);
      EXPECT_EQ(choice.way, Way::bifurcated);
      EXPECT_EQ(choice.better, "");
    }
}

TEST(PortChoice, SaysHowANicOfTheKernelsWouldBeFaster) {
  const PortChoice choice = choose_port(address, {}, machine());
  EXPECT_EQ(choice.way, Way::af_xdp);
  EXPECT_NE(choice.better.find("`scripts/nic bind 0000:3b:00.0`"), std::string::npos);
}

// DPDK's af_xdp takes every frame of its queue, and a shared NIC what is for its address.
TEST(PortChoice, LeavesTheKernelItsDefaultRoute) {
  for (const NicFacts& facts : {machine(), machine("mlx5_core"), container()}) {
    const PortChoice choice = choose_port("eth1", {}, with_default_route(facts));
    EXPECT_EQ(choice.device, "net_af_packet3,iface=eth1");
    EXPECT_NE(choice.why.find("default route"), std::string::npos);
    EXPECT_EQ(choice.better, "");
  }
  EXPECT_EQ(choose_port(address, {}, with_default_route(machine("mlx5_core"))).way, Way::af_packet);
}

TEST(PortChoice, CopiesWhereXdpCannotBe) {
  NicFacts no_right = container();
  no_right.may_load_xdp = false;
  NicFacts no_driver = container();
  no_driver.drivers = {"net_af_packet"};
  NicFacts queues = container();
  queues.interfaces[0].receive_queues = 4;
  const std::pair<NicFacts, const char*> cases[] = {
      {no_right, "CAP_BPF"}, {no_driver, "install"}, {queues, "`ethtool -L eth1 combined 1`"}};
  for (const auto& [facts, remedy] : cases) {
    const PortChoice choice = choose_port("eth1", {}, facts);
    EXPECT_EQ(choice.way, Way::af_packet);
    EXPECT_NE(choice.better.find(remedy), std::string::npos) << choice.better;
    expect_sentence(sentence("eth1", Way::af_xdp, facts), {"eth1", "\"af_xdp\"", remedy});
  }
}

TEST(PortChoice, RefusesWhomItMayNotRead) {
  NicFacts facts = machine();
  facts.may_load_xdp = facts.may_read_frames = false;
  for (const std::optional<Way> way : {std::optional<Way>(), std::optional(Way::af_packet)})
    expect_sentence(sentence("eth1", way, facts), {"eth1", "CAP_NET_RAW", "root"});
}

TEST(PortChoice, RefusesAnInterfaceThatIsSwitchedOff) {
  for (NicFacts facts : {machine(), machine("mlx5_core"), container()}) {
    facts.interfaces[0].up = false;
    for (const char* text : {"eth1", "52:54:00:00:00:01", "net_af_packet0,iface=eth1"})
      expect_sentence(sentence(text, {}, facts), {"eth1", "`ip link set dev eth1 up`"});
  }
}

TEST(PortChoice, RefusesAnInterfaceThatCarriesLessThanMembersSend) {
  NicFacts facts = machine();
  facts.interfaces[0].mtu = 1400;
  for (const char* text : {"eth1", address, "net_af_packet0,iface=eth1"})
    expect_sentence(sentence(text, {}, facts),
                    {"eth1 carries 1400 bytes", "`ip link set dev eth1 mtu 1500`"});
}

TEST(PortChoice, MeasuresAnInterfaceByTheMtuOfTheMembers) {
  NicFacts facts = machine();
  for (const std::uint32_t carried : {1500U, 1999U}) {
    facts.interfaces[0].mtu = carried;
    for (const char* text : {"eth1", address, "net_af_packet0,iface=eth1"})
      expect_sentence(sentence(text, {}, facts, 2000),
                      {"eth1 carries ", "members send 2000", "`ip link set dev eth1 mtu 2000`"});
  }
  facts.interfaces[0].mtu = 2000;
  EXPECT_EQ(sentence("eth1", {}, facts, 2000), "");
}

TEST(PortChoice, CopiesWhatIsTooLongForXdp) {
  NicFacts facts = container();
  facts.interfaces[0].mtu = 9000;
  EXPECT_EQ(choose_port("eth1", {}, facts, xdp_mtu_max).way, Way::af_xdp);
  const PortChoice choice = choose_port("eth1", {}, facts, 9000);
  EXPECT_EQ(choice.way, Way::af_packet);
  EXPECT_NE(choice.why.find("1766 bytes at most"), std::string::npos) << choice.why;
  expect_sentence(sentence("eth1", Way::af_xdp, facts, 9000),
                  {"eth1", "\"af_xdp\"", "mtu is 9000", "leave the way out"});
}

TEST(PortChoice, ListsWhatThereIsForAnUnknownName) {
  NicFacts facts = machine();
  facts.nics.push_back({.address = "0000:3c:00.0", .driver = "vfio-pci"});
  for (const char* text : {"eth2", "52:54:00:00:00:02", "0000:ff:00.0", ""})
    expect_sentence(sentence(text, {}, facts),
                    {text, "eth1 (52:54:00:00:00:01, 0000:3b:00.0)", "0000:3c:00.0 (vfio-pci)"});
  expect_sentence(sentence("eth2", {}, {}), {"eth2", "no Ethernet interface"});
}

TEST(PortChoice, NamesBothWhoHaveOneAddress) {
  NicFacts facts = machine();
  facts.interfaces.push_back({.name = "bond0", .index = 4, .mac = mac, .up = true});
  expect_sentence(sentence("52:54:00:00:00:01", {}, facts), {"eth1", "bond0"});
  facts.interfaces[1].pci = address;
  expect_sentence(sentence(address, {}, facts), {address, "eth1", "bond0"});
}

TEST(PortChoice, SaysWhatANicNeedsThatNobodyHas) {
  const NicFacts facts = handed_over("");
  for (const std::optional<Way> way : {std::optional<Way>(), std::optional(Way::vfio)})
    expect_sentence(sentence(address, way, facts), {address, "`scripts/nic bind 0000:3b:00.0`"});
}

TEST(PortChoice, GoesTheWayItIsToldTo) {
  const auto device = [](Way way, const NicFacts& facts) {
    return choose_port("eth1", way, facts).device;
  };
  EXPECT_EQ(device(Way::af_xdp, machine()), "net_af_xdp3,iface=eth1");
  EXPECT_EQ(device(Way::af_packet, machine("mlx5_core")), "net_af_packet3,iface=eth1");
  EXPECT_EQ(device(Way::bifurcated, machine("mlx5_core")), address);
  EXPECT_EQ(choose_port(address, Way::vfio, handed_over()).way, Way::vfio);
  const PortChoice cut_off = choose_port("eth1", Way::af_xdp, with_default_route(machine()));
  EXPECT_EQ(cut_off.way, Way::af_xdp);
  EXPECT_NE(cut_off.why.find("default route"), std::string::npos);
}

TEST(PortChoice, TakesNoOtherWayThanItIsToldTo) {
  expect_sentence(sentence("eth1", Way::vfio, machine()),
                  {"eth1", "\"vfio\"", "e1000e", "`scripts/nic bind 0000:3b:00.0`"});
  expect_sentence(sentence("eth1", Way::vfio, container()), {"eth1", "\"vfio\"", "PCI"});
  expect_sentence(sentence("eth1", Way::vfio, machine("mlx5_core")), {"mlx5_core", "bifurcated"});
  expect_sentence(sentence("eth1", Way::bifurcated, machine()), {"eth1", "mlx5_core"});
  for (const Way way : {Way::af_xdp, Way::af_packet})
    expect_sentence(sentence(address, way, handed_over()),
                    {address, "vfio-pci", "`scripts/nic unbind 0000:3b:00.0`"});
  expect_sentence(sentence("3b:00.0,rx_vec=1", Way::af_packet, machine()), {"arguments"});
}

}  // namespace
}  // namespace muster::dpdk
