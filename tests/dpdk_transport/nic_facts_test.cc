// The facts, read from trees like those of a kernel.
#include "dpdk_transport/nic_facts.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

#include "tools/lab/temporary_folder.h"

namespace muster::dpdk {
namespace {

namespace fs = std::filesystem;

/// A machine of files.
class Machine : public ::testing::Test {
 protected:
  void write(const fs::path& file, const std::string& text) {
    fs::create_directories((root_.path() / file).parent_path());
    std::ofstream(root_.path() / file) << text;
  }
  void link(const fs::path& file, const fs::path& target) {
    fs::create_directories((root_.path() / file).parent_path());
    fs::create_directories(root_.path() / target);
    fs::create_symlink(root_.path() / target, root_.path() / file);
  }
  void nic(const std::string& address, const std::string& driver, const std::string& kind) {
    const fs::path device = "sys/devices/pci0000:00/" + address;
    write(device / "class", kind + "\n");
    if (!driver.empty()) link(device / "driver", "sys/bus/pci/drivers/" + driver);
    link("sys/bus/pci/devices/" + address, device);
  }
  /// On `device`, where it has one.
  void interface(const std::string& name, const std::string& flags, const fs::path& device = {}) {
    const fs::path folder = "sys/class/net/" + name;
    write(folder / "type", "1\n");
    write(folder / "flags", flags + "\n");
    write(folder / "ifindex", "7\n");
    write(folder / "mtu", "9000\n");
    write(folder / "address", "52:54:00:AB:cd:0" + std::to_string(name.size()) + "\n");
    fs::create_directories(root_.path() / folder / "queues/rx-0");
    fs::create_directories(root_.path() / folder / "queues/tx-0");
    if (!device.empty()) link(folder / "device", "sys/devices/pci0000:00" / device);
  }
  NicFacts facts() const { return read_nic_facts(root_.path()); }
  Interface only(const std::string& name) const {
    const NicFacts all = facts();
    const auto found = std::ranges::find(all.interfaces, name, &Interface::name);
    return found == all.interfaces.end() ? Interface{} : *found;
  }

  const TemporaryFolder root_;
};

TEST_F(Machine, WithoutAnythingHasNothing) {
  const NicFacts none = facts();
  EXPECT_TRUE(none.interfaces.empty());
  EXPECT_TRUE(none.nics.empty());
  EXPECT_FALSE(none.may_read_frames);
  EXPECT_FALSE(none.may_load_xdp);
  EXPECT_TRUE(none.has_driver("net_anything"));
}

TEST_F(Machine, TellsWhatAnInterfaceStandsOn) {
  nic("0000:3b:00.0", "e1000e", "0x020000");
  interface("eth1", "0x1003", "0000:3b:00.0");
  fs::create_directories(root_.path() / "sys/class/net/eth1/queues/rx-1");
  const Interface eth1 = only("eth1");
  EXPECT_EQ(eth1.index, 7U);
  EXPECT_EQ(to_string(eth1.mac), "52:54:00:ab:cd:04");
  EXPECT_EQ(eth1.pci, "0000:3b:00.0");
  EXPECT_EQ(eth1.driver, "e1000e");
  EXPECT_TRUE(eth1.up);
  EXPECT_EQ(eth1.mtu, 9000U);
  EXPECT_EQ(eth1.receive_queues, 2U);
  EXPECT_FALSE(eth1.default_route);
}

TEST_F(Machine, FindsTheNicBehindAVirtio) {
  nic("0000:00:04.0", "virtio-pci", "0x020000");
  link("sys/devices/pci0000:00/0000:00:04.0/virtio2/driver", "sys/bus/virtio/drivers/virtio_net");
  interface("eth0", "0x1002", "0000:00:04.0/virtio2");
  const Interface eth0 = only("eth0");
  EXPECT_EQ(eth0.pci, "0000:00:04.0");
  EXPECT_EQ(eth0.driver, "virtio_net");
  EXPECT_FALSE(eth0.up);
}

TEST_F(Machine, TellsTheNodeOfThePortsNic) {
  nic("0000:3b:00.0", "vfio-pci", "0x020000");
  nic("0000:3c:00.0", "virtio-pci", "0x020000");
  nic("0000:3d:00.0", "e1000e", "0x020000");
  write("sys/devices/pci0000:00/0000:3b:00.0/numa_node", "1\n");
  write("sys/devices/pci0000:00/0000:3c:00.0/numa_node", "0\n");
  write("sys/devices/pci0000:00/0000:3d:00.0/numa_node", "-1\n");
  interface("eth0", "0x1003", "0000:3c:00.0/virtio2");
  const NicFacts found = facts();
  EXPECT_EQ(node_of("0000:3b:00.0", found), 1);
  EXPECT_EQ(node_of("net_af_packet0,iface=eth0", found), 0);
  EXPECT_EQ(node_of("0000:3d:00.0", found), std::nullopt);
  EXPECT_EQ(node_of("net_memif0,role=client", found), std::nullopt);
}

TEST_F(Machine, ListsNicsAndNoOtherDevices) {
  nic("0000:3b:00.0", "vfio-pci", "0x020000");
  nic("0000:3c:00.0", "", "0x028000");
  nic("0000:3d:00.0", "nvme", "0x010802");
  const NicFacts found = facts();
  ASSERT_EQ(found.nics.size(), 2U);
  EXPECT_EQ(found.nics[0].driver, "vfio-pci");
  EXPECT_EQ(found.nics[1].driver, "");
}

TEST_F(Machine, LeavesOutWhatIsNoEthernet) {
  interface("lo", "0x9");
  write("sys/class/net/lo/type", "772\n");
  interface("dummy0", "0x1");
  EXPECT_EQ(facts().interfaces.size(), 1U);
}

constexpr const char* route_head =
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n";

TEST_F(Machine, KnowsWhatTheDefaultRouteGoesOver) {
  for (const char* name : {"eth1", "ether2", "ethern3"}) interface(name, "0x1003");
  write("proc/net/route", std::string(route_head) +
                              "eth1\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
                              "ether2\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n");
  EXPECT_TRUE(only("eth1").default_route);
  EXPECT_FALSE(only("ether2").default_route);
}

TEST_F(Machine, KnowsTheDefaultRouteOfTheLaterProtocol) {
  for (const char* name : {"eth1", "ether2"}) interface(name, "0x1003");
  const std::string zeros(32, '0');
  write("proc/net/ipv6_route",
        zeros + " 00 " + zeros +
            " 00 fd000000000000000000000000000001 00000400 3 0 00000003 eth1\n" + zeros + " 00 " +
            zeros + " 00 " + zeros + " ffffffff 1 0 00200201 ether2\n");
  EXPECT_TRUE(only("eth1").default_route);
  EXPECT_FALSE(only("ether2").default_route) << "a route that refuses";
}

TEST_F(Machine, KnowsWhatStandsBelowTheDefaultRoute) {
  for (const char* name : {"eth1", "bond0", "bridge"}) interface(name, "0x1003");
  link("sys/class/net/bridge/lower_bond0", "sys/class/net/bond0");
  link("sys/class/net/bond0/lower_eth1", "sys/class/net/eth1");
  write("proc/net/route",
        std::string(route_head) + "bridge\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
  EXPECT_TRUE(only("bond0").default_route);
  EXPECT_TRUE(only("eth1").default_route);
}

TEST_F(Machine, TellsTheRightsOfThisProcess) {
  const auto rights = [&](const char* capabilities, const char* users) {
    write("proc/self/status", std::string("Name:\tx\nCapEff:\t") + capabilities + "\n");
    write("proc/self/uid_map", users);
    const NicFacts found = facts();
    return std::pair(found.may_read_frames, found.may_load_xdp);
  };
  const char* all = "         0          0 4294967295\n";
  EXPECT_EQ(rights("000001ffffffffff", all), std::pair(true, true));
  EXPECT_EQ(rights("000001ffffffffff", "0 1000 1\n"), std::pair(true, false));
  EXPECT_EQ(rights("0000008000003000", all), std::pair(true, true)) << "raw, admin, bpf";
  EXPECT_EQ(rights("0000000000003000", all), std::pair(true, false));
  EXPECT_EQ(rights("0000000000000000", all), std::pair(false, false));
}

TEST_F(Machine, KnowsWhichDriversAreInstalled) {
  const fs::path folder = driver_folder().relative_path();
  write(folder / "librte_net_af_packet.so", "");
  write(folder / "librte_net_af_packet.so.23", "");
  EXPECT_TRUE(facts().has_driver("net_af_packet"));
  EXPECT_FALSE(facts().has_driver("net_af_xdp"));
}

}  // namespace
}  // namespace muster::dpdk
