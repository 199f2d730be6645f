// A ring to be measured: its hop between two threads, and its throughput.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ring/pointer_ring.h"
#include "tools/measure/bounce.h"
#include "tools/measure/cores.h"

namespace muster::bench {

using measure::bounce_beside_line;
using measure::BounceTimes;
using measure::Cores;
using measure::Loop;
using measure::pin_this_thread;
using measure::Word;

inline constexpr std::size_t ring_capacity = 1024;
inline constexpr std::size_t burst_max = 32;

/// A ring as a Wire: what is bounced is one element, pushed and popped singly.
template <ring::PointerRing Ring>
class RingWire {
 public:
  void send(Word word) {
    while (!ring_.push(word)) {
    }
  }
  Word receive() {
    Word word = 0;
    while (!ring_.pop(word)) {
    }
    return word;
  }

 private:
  Ring ring_{ring_capacity};
};

/// Elements a second, in millions, in bursts of `burst` from one pinned thread to another.
template <ring::PointerRing Ring>
double throughput_millions(Cores cores, std::size_t burst, std::size_t bursts) {
  Ring ring(ring_capacity);
  std::atomic<bool> go{false};
  double seconds = 0;
  {
    const std::jthread producer([&] {
      pin_this_thread(cores.first);
      std::vector<Word> elements(burst, Word{8});
      while (!go.load(std::memory_order_acquire)) {
      }
      for (std::size_t i = 0; i < bursts; ++i) {
        for (std::size_t pushed = 0; pushed < burst;) {
          pushed += ring.push(std::span<const Word>(elements).subspan(pushed));
        }
      }
    });
    const std::jthread consumer([&] {
      pin_this_thread(cores.second);
      std::vector<Word> elements(burst);
      const auto begin = std::chrono::steady_clock::now();
      go.store(true, std::memory_order_release);
      for (std::size_t popped = 0; popped < burst * bursts;) {
        popped += ring.pop(std::span<Word>(elements));
      }
      seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    });
  }
  return static_cast<double>(burst * bursts) / seconds / 1e6;
}

struct Contestant {
  std::string name;
  std::string hop_id;
  std::function<BounceTimes(Cores, int batches)> hop;
  std::function<double(Cores, std::size_t burst, std::size_t bursts)> throughput;
};

template <ring::PointerRing Ring>
Contestant contestant(const std::string& name, const std::string& hop_id) {
  return {.name = name,
          .hop_id = hop_id,
          .hop =
              [](Cores cores, int batches) {
                Loop<RingWire<Ring>> loop;
                return bounce_beside_line(cores, loop, batches);
              },
          .throughput = throughput_millions<Ring>};
}
template <ring::PointerRing Ring>
Contestant contestant(const std::string& name) {
  return contestant<Ring>(name, "ring." + name + ".hop");
}

}  // namespace muster::bench
