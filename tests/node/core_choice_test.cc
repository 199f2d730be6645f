// Where I/O threads run, on machines of two nodes that are made of files.
#include "node/core_choice.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/root_of_files.h"

namespace muster {
namespace {

using Cores = std::vector<std::uint32_t>;
using Sentences = std::vector<std::string>;

/// Cores 0 to 3 are on node 0, 4 to 7 on node 1; each shares its units with the one beside it.
/// 2, 3, 6 and 7 are isolated.
Topology two_nodes() {
  RootOfFiles root;
  root.write("sys/devices/system/cpu/online", "0-7");
  root.write("sys/devices/system/cpu/isolated", "2-3,6-7");
  for (int core = 0; core < 8; ++core)
    root.write(
        "sys/devices/system/cpu/cpu" + std::to_string(core) + "/topology/thread_siblings_list",
        std::to_string(core & ~1) + "-" + std::to_string(core | 1));
  root.write("sys/devices/system/node/online", "0-1");
  root.write("sys/devices/system/node/node0/cpulist", "0-3");
  root.write("sys/devices/system/node/node1/cpulist", "4-7");
  return read_topology(root.files());
}

const Topology machine = two_nodes();
const Cores all = {0, 1, 2, 3, 4, 5, 6, 7};
const PortPlace on_node_0 = {"0000:17:00.0", 0};
const PortPlace anywhere = {"memif", {}};

TEST(Topology, IsReadFromTheKernelsFiles) {
  ASSERT_EQ(machine.cores.size(), 8U);
  EXPECT_EQ(machine.cores[5].node, 1);
  EXPECT_FALSE(machine.cores[5].isolated);
  EXPECT_TRUE(machine.cores[6].isolated);
  EXPECT_EQ(machine.cores[6].siblings, Cores{7});
  EXPECT_EQ(machine.cores_of(1), (Cores{4, 5, 6, 7}));
  EXPECT_EQ(machine.find(8), nullptr);
  EXPECT_TRUE(read_topology(RootOfFiles().files()).cores.empty());
}

TEST(Topology, KnowsTheNodeOfADevice) {
  RootOfFiles root;
  root.write("sys/near/numa_node", "1");
  root.write("sys/any/numa_node", "-1");
  EXPECT_EQ(node_of_device(root.files(), "sys/near"), 1);
  EXPECT_EQ(node_of_device(root.files(), "sys/any"), std::nullopt);
  EXPECT_EQ(node_of_device(root.files(), "sys/none"), std::nullopt);
}

TEST(Topology, WritesSetsAsTheKernelDoes) {
  EXPECT_EQ(ranges_of({}), "");
  EXPECT_EQ(ranges_of({0, 1, 2, 5, 7, 8}), "0-2,5,7-8");
}

TEST(IoCores, AreThoseThatWereAskedFor) {
  EXPECT_EQ(choose_io_cores({.io = {5}, .engine = {}}, 1, on_node_0, machine, all), Cores{5});
}

TEST(IoCores, AreIsolatedOnesOfThePortsNodeOtherwise) {
  EXPECT_EQ(choose_io_cores({}, 1, on_node_0, machine, all), Cores{2});
  EXPECT_EQ(choose_io_cores({}, 1, {"eth1", 1}, machine, all), Cores{6});
  EXPECT_EQ(choose_io_cores({}, 2, anywhere, machine, all), (Cores{2, 6})) << "no two siblings";
}

TEST(IoCores, AreLeftToTheKernelWhereTooFewAreFree) {
  EXPECT_EQ(choose_io_cores({}, 2, on_node_0, machine, all), Cores()) << "3 is a sibling of 2";
  EXPECT_EQ(choose_io_cores({.io = {}, .engine = 3}, 1, on_node_0, machine, all), Cores());
  EXPECT_EQ(choose_io_cores({}, 1, on_node_0, machine, {0, 1, 6}), Cores()) << "it has none there";
}

TEST(Cautions, NameACoreThatIsFarFromThePort) {
  EXPECT_EQ(cautions_of({5}, {}, on_node_0, machine),
            Sentences{"core 5 is on node 1, the NIC 0000:17:00.0 on node 0: each packet crosses "
                      "between them; cores of node 0: 0-3"});
  EXPECT_EQ(cautions_of({1}, {}, on_node_0, machine), Sentences());
  EXPECT_EQ(cautions_of({5}, {}, anywhere, machine), Sentences());
  EXPECT_EQ(cautions_of({1}, 4, on_node_0, machine).size(), 1U) << "the engine's core as well";
}

TEST(Cautions, NameASiblingOfAnIoThreadsCore) {
  EXPECT_EQ(cautions_of({0, 1}, {}, on_node_0, machine),
            Sentences{"core 1 shares its units with core 0, which an I/O thread has: each slows "
                      "the other down; give them cores of their own"});
  EXPECT_EQ(cautions_of({0}, 1, anywhere, machine).size(), 1U);
  EXPECT_EQ(cautions_of({0, 2}, 4, anywhere, machine), Sentences());
}

}  // namespace
}  // namespace muster
