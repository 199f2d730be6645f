// A whole member's transport, on a wire whose other stations, time and owner are the input's.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "tests/dpdk_transport/fuzz/books.h"
#include "tests/dpdk_transport/fuzz/others.h"
#include "tests/fuzz/input.h"

namespace muster::dpdk::fuzz {

class Trial {
 public:
  using Input = muster::fuzz::Input;

  /// The input's first two bytes choose what kind of member it is.
  explicit Trial(std::uint16_t choice);
  ~Trial();
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  /// To the input's end.
  void run(Input input);

 private:
  struct Held {
    Packet* packet;
    bool is_marked;
  };

  void step(Input& input);
  void others_say(Input& input);
  void storm(Input& input);
  void serve(std::uint16_t queue, std::size_t packets, std::uint8_t what_then);
  void use(std::uint16_t queue, Packet& packet, std::uint8_t how);
  void write(Input& input);
  void write_one(Input& input, std::uint16_t queue, const Endpoint& peer, std::uint8_t how);
  void send_again(Input& input);
  void transmit(std::uint16_t queue, Packet& packet);
  void hold(Packet& packet, bool is_marked);
  void hoard();
  void release_all();
  void flush(std::uint16_t queue);
  void look_at_link(std::uint16_t queue);
  void change_port(Input& input);
  void settle();
  Endpoint next_peer(Input& input) const;
  std::uint16_t next_queue(Input& input) const {
    return static_cast<std::uint16_t>(input.take<std::uint8_t>() % queues_.size());
  }
  /// Nobody but friends is asked for, so nobody pushes them out.
  bool keeps_friends() const { return friends_only_ && queues_.size() == 1; }
  void check_friend(std::uint32_t number, const DpdkTransportStats& before);

  bool v4_, friends_only_, first_goes_last_, ends_settled_;
  Speaker speaker_;
  Route route_;
  std::uint32_t strangers_ = 0;
  std::size_t frames_left_ = 6'000;
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<Books> books_;
  std::vector<std::unique_ptr<DpdkTransport>> queues_;
  std::vector<Held> held_;
  std::vector<Packet*> hoarded_;
  bool had_link_ = false, link_was_lost_ = false;
  // Of friends.
  std::array<bool, friends> known_{};
  std::array<TimeNs, friends> asked_ns_{};
};

}  // namespace muster::dpdk::fuzz
