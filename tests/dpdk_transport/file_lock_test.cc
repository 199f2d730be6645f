#include "dpdk_transport/file_lock.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include <gtest/gtest.h>

#include "tools/lab/temporary_folder.h"

namespace muster::dpdk {
namespace {

TEST(FileLock, IsHeldByOne) {
  const TemporaryFolder folder;
  const std::string path = folder / "lock";
  std::optional<FileLock> first(path);
  FileLock second(path);
  EXPECT_TRUE(first->take());
  EXPECT_TRUE(first->take());
  EXPECT_FALSE(second.take());
  first.reset();
  EXPECT_TRUE(second.take());
}

TEST(FileLock, LeavesNoFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "lock";
  {
    FileLock lock(path);
    FileLock never(path);
    ASSERT_TRUE(lock.take());
    EXPECT_FALSE(never.take());
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(FileLock, TakesAFileThatWasLeft) {
  const TemporaryFolder folder;
  const std::string path = folder / "lock";
  std::ofstream{path};
  EXPECT_TRUE(FileLock(path).take());
}

TEST(FileLock, OfAFileThatIsGoneProtectsNothing) {
  const TemporaryFolder folder;
  const std::string path = folder / "lock";
  std::optional<FileLock> first(path);
  ASSERT_TRUE(first->take());
  std::filesystem::remove(path);
  FileLock second(path);
  EXPECT_TRUE(second.take()) << "on another file of that name";
  first.reset();
  EXPECT_FALSE(FileLock(path).take()) << "the second's is still there";
}

TEST(FileLock, OfAKilledOneIsHeldByNobody) {
  const TemporaryFolder folder;
  const std::string path = folder / "lock";
  EXPECT_FALSE(FileLock::is_held(path));
  std::ofstream{path};
  EXPECT_FALSE(FileLock::is_held(path));
  FileLock lock(path);
  ASSERT_TRUE(lock.take());
  EXPECT_TRUE(FileLock::is_held(path));
}

TEST(FileLock, SaysWhereItCannotBe) {
  EXPECT_THROW(FileLock("/no/such/folder/lock").take(), std::system_error);
}

}  // namespace
}  // namespace muster::dpdk
