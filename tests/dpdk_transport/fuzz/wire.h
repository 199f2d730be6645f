// The other end of a member's port. The port is DPDK's null device, which neither brings nor keeps
// a frame; callbacks of DPDK's own around its bursts put in what the input says, and look at what
// is sent. Whether it has a link, and what time it is, the input says as well: meson.build has the
// linker give the transport our answers to both questions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "cluster/types.h"
#include "dpdk_transport/frame_pool.h"
#include "tests/dpdk_transport/golden.h"

namespace muster::dpdk::fuzz {

using golden::Bytes;

/// A frame as a port hands it over.
struct Arrival {
  Bytes bytes;
  std::uint64_t flags = 0;         ///< as mbufs have them
  std::uint16_t stripped_tag = 0;  ///< where the flags say that there is one
  std::size_t first_piece = 0;     ///< how much of it stands in the first buffer; 0: all
  std::size_t further_pieces = 0;  ///< at least 1 where there is a first piece
};

/// One at a time.
class Wire {
 public:
  static constexpr std::uint16_t queues_max = 3;
  static constexpr std::size_t unlimited = SIZE_MAX;
  /// A frame that the port has taken; whoever looks at it aborts where it should not be.
  using Look = std::function<void(std::uint16_t queue, const Frame& frame)>;

  /// Frames come in buffers as long as a port's for that mtu.
  Wire(std::uint32_t mtu, Look look);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  static constexpr const char* device = "net_null0,no-rx=1";
  /// Once the device is open.
  void plug_in(std::uint16_t queues);

  /// False: there are no more buffers.
  bool put(const Arrival& arrival, std::uint16_t queue);
  std::size_t waiting(std::uint16_t queue) const { return coming_[queue].size(); }
  /// How many were taken since it was asked the last time; after each burst, since until then
  /// nothing behind a frame's end may be read.
  std::size_t taken(std::uint16_t queue);

  /// The port takes so many more frames.
  void set_room(std::uint16_t queue, std::size_t frames) { room_[queue] = frames; }
  /// It has sent what it took, which is as it was then.
  void give_back();
  /// It keeps nothing from now on.
  void keep_nothing();
  std::size_t sent(std::uint16_t queue) const { return sent_[queue]; }
  /// It has refused something so far.
  bool has_refused() const { return has_refused_; }
  /// Frames that somebody beside it holds.
  std::size_t held_by_others() const;

  static TimeNs now_ns;
  static bool link;

 private:
  struct InFlight {
    Frame* frame;
    Bytes as_it_was;
  };
  static std::uint16_t bring(std::uint16_t port, std::uint16_t queue, Frame** frames,
                             std::uint16_t count, std::uint16_t room, void*);
  static std::uint16_t take(std::uint16_t port, std::uint16_t queue, Frame** frames,
                            std::uint16_t count, void*);
  Frame* piece(std::span<const std::byte> bytes);
  static Wire* now_;

  FramePool pool_;
  Look look_;
  std::array<std::deque<Frame*>, queues_max> coming_;
  std::array<std::vector<std::span<std::byte>>, queues_max> guarded_;
  std::array<std::size_t, queues_max> taken_{};
  std::array<std::size_t, queues_max> room_;
  std::array<std::size_t, queues_max> sent_{};
  std::vector<InFlight> in_flight_;
  bool keeps_ = true;
  bool has_refused_ = false;
};

}  // namespace muster::dpdk::fuzz
