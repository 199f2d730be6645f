// Files of other users, where a port wants its own: a sentence with the path, the owner and the
// remedy. A test that is root has them left by root, and looks as nobody; another one can only make
// files that it may not open itself.
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dpdk_transport/file_owner.h"
#include "tests/dpdk_transport/support.h"

namespace muster::dpdk {
namespace {

namespace fs = std::filesystem;

class Strangers : public ::testing::Test {
 protected:
  Strangers() { fs::permissions(folder_.path(), fs::perms::all | fs::perms::sticky_bit); }

  /// As a killed server leaves it.
  void leave_socket(fs::perms permissions) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    socket_.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    close(fd);
    fs::permissions(socket_, permissions);
  }
  std::string said_to(const char* role) {
    testing::Peer peer({"stranger", testing::memif(role, socket_)});
    return peer.line();
  }
  void expect_sentence(const char* role, const std::string& path, const char* remedy) {
    const std::string said = said_to(role);
    for (const std::string& part : {path, owner_of(folder_.path()), std::string(remedy)})
      EXPECT_NE(said.find(part), std::string::npos) << part << " is missing in: " << said;
  }

  testing::TemporaryFolder folder_;
  const std::string socket_ = folder_ / "s";
};

TEST_F(Strangers, KeepTheirLock) {
  std::ofstream{socket_ + ".lock"};
  fs::permissions(socket_ + ".lock", fs::perms::none);
  expect_sentence("server", socket_ + ".lock belongs to ", "choose another socket");
}

TEST_F(Strangers, KeepTheirSocket) {
  leave_socket(fs::perms::none);
  for (const char* role : {"server", "client"})
    expect_sentence(role, socket_ + " belongs to ", "run as that user");
}

/// Only the owner of a file may remove it from a folder like /tmp.
TEST_F(Strangers, LeaveASocketThatOnlyTheyCanRemove) {
  leave_socket(fs::perms::all);
  if (geteuid() != 0)
    EXPECT_EQ(said_to("server"), "ready");
  else
    expect_sentence("server", socket_ + " is left from a switch of ", "remove it as that user");
}

}  // namespace
}  // namespace muster::dpdk
