// Round trips between two pinned threads: the same loop for a bare cache line and for whatever is
// to be compared with it.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "tools/measure/cores.h"
#include "tools/measure/median.h"

namespace muster::measure {

using Word = std::uintptr_t;

/// One direction between two threads. receive() spins until the next word has come.
template <class W>
concept Wire = requires(W& wire, Word word) {
  wire.send(word);
  { wire.receive() } -> std::same_as<Word>;
};

/// The floor: a word in a cache line, and nothing else. Successive words must differ.
class BareLine {
 public:
  void send(Word word) { word_.store(word, std::memory_order_release); }
  Word receive() {
    Word word = last_;
    while (word == last_) word = word_.load(std::memory_order_acquire);
    return last_ = word;
  }

 private:
  alignas(128) std::atomic<Word> word_{0};
  alignas(128) Word last_ = 0;
};

template <Wire W>
struct Loop {
  W there;
  W back;
};

inline constexpr int bounces_per_batch = 100;

/// Nanoseconds of each round trip, the mean of one batch: short enough that the machine seldom
/// disturbs it, long enough that reading the clock does not show.
template <Wire W>
double bounce_batch_ns(Loop<W>& loop) {
  const auto begin = std::chrono::steady_clock::now();
  for (Word word = 1; word <= bounces_per_batch; ++word) {
    loop.there.send(word << 3);
    loop.back.receive();
  }
  const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begin;
  return taken.count() / bounces_per_batch;
}

template <Wire W>
void echo_batch(Loop<W>& loop) {
  for (int i = 0; i < bounces_per_batch; ++i) loop.back.send(loop.there.receive());
}

/// Medians over batches, of wires that took turns batch by batch.
struct BounceTimes {
  double line_ns = 0;
  double wire_ns = 0;
};

/// Bounces on `loop` and on a bare line in turns, so that both see the machine in the same state.
template <Wire W>
BounceTimes bounce_beside_line(Cores cores, Loop<W>& loop, int batches) {
  constexpr int warm_up_batches = 10;
  Loop<BareLine> line;
  std::vector<double> line_ns;
  std::vector<double> wire_ns;
  {
    const std::jthread echo([&] {
      pin_this_thread(cores.second);
      for (int i = -warm_up_batches; i < batches; ++i) {
        echo_batch(line);
        echo_batch(loop);
      }
    });
    const std::jthread driver([&] {
      pin_this_thread(cores.first);
      for (int i = -warm_up_batches; i < batches; ++i) {
        const double on_line_ns = bounce_batch_ns(line);
        const double on_wire_ns = bounce_batch_ns(loop);
        if (i < 0) continue;
        line_ns.push_back(on_line_ns);
        wire_ns.push_back(on_wire_ns);
      }
    });
  }
  return {median(std::move(line_ns)), median(std::move(wire_ns))};
}

/// The round trip of one cache line in each direction between two pinned threads, at this moment:
/// what any figure across threads is to be read beside. Takes a few milliseconds.
double line_rtt_ns(Cores cores);

}  // namespace muster::measure
