// Gives every file of a corpus to a fuzz target, in builds without libFuzzer, and so many inputs of
// dice besides: the same each time.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void throw_dice(unsigned seed) {
  constexpr std::size_t bytes_max = 2048;
  std::mt19937 dice(seed);
  std::vector<std::uint8_t> bytes(dice() % bytes_max);
  std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>(dice()); });
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER [INPUTS_OF_DICE]\n", argv[0]);
    return 2;
  }
  const int thrown = argc == 3 ? std::atoi(argv[2]) : 0;
  for (int seed = 0; seed < thrown; ++seed) throw_dice(static_cast<unsigned>(seed));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    ++files;
  }
  std::printf("%zu files\n", files);
  return files == 0 ? 1 : 0;  // an empty corpus proves nothing
}
