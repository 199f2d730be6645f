// Gathers what the application sends on one channel, or publishes on one topic, into packets:
// several messages into one, or one into several.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "cluster/messaging/large_buffers.h"
#include "cluster/messaging/message_writer.h"
#include "cluster/messaging/send.h"
#include "node/runner.h"

namespace muster {

/// Small messages share a packet until flush(), or until it is full: nothing waits for more to
/// come. A message of more than one packet goes out as there is room for its pieces; what there is
/// no room for at once is copied, and until it is out the channel takes no other.
///
/// Stands in the list of those that have gathered something, and leaves it by itself.
class OutgoingChannel : public boost::intrusive::list_base_hook<
                            boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  /// `runner` and `buffers` outlive it, and so does `credit`, which is null when inline.
  OutgoingChannel(Runner& runner, LargeBuffers& buffers, const Destination& to,
                  PacketCredit* credit)
      : runner_(runner),
        buffers_(buffers),
        to_(to),
        credit_(credit),
        accepted_(credit == nullptr ? 0 : credit->messages_taken()),
        handed_over_(accepted_) {}
  ~OutgoingChannel();
  OutgoingChannel(const OutgoingChannel&) = delete;
  OutgoingChannel& operator=(const OutgoingChannel&) = delete;

  SendResult send(const MessageHead& head, std::span<const std::byte> payload);
  /// A payload that stands in place (payload_offset) in a packet of its own. The packet passes over
  /// if the result is `sent`.
  SendResult commit(Packet& packet, std::size_t payload_bytes);
  /// The first `payload_bytes` of a buffer that was taken from `buffers`. It passes over if the
  /// result is `sent`.
  SendResult commit(LargeBuffers::Buffer& buffer, std::size_t payload_bytes);
  /// Hands over what is gathered, as far as there is room. True: nothing is left.
  bool flush();
  /// Something is gathered.
  bool pending() const { return open_ != nullptr || staged_; }

  /// False: a long message is not out yet.
  bool takes_more() const { return !staged_; }

  /// A message has begun in what was handed over, and not ended.
  bool midway() const {
    return open_ == nullptr ? staged_ && staged_->writer.written() > 0
                            : continues_a_message(*open_);
  }

  /// Messages that send() and commit() have accepted, and others on the channel before it, and of
  /// them those that were handed over.
  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t handed_over() const { return handed_over_; }

 private:
  /// The rest of a long message.
  struct Staged {
    LargeBuffers::Buffer payload;
    MessageWriter writer;
    SendResult stopped_by;
  };

  /// Requires that none is open. `goes_on`: with a message that has begun.
  SendResult begin_packet(bool goes_on);
  /// As much as there is room for; the result says what stopped it.
  SendResult write(MessageWriter& writer);
  SendResult hand_over_open();
  /// Why nothing else is taken while there is a rest.
  SendResult behind_staged() const;
  void end_staged();

  Runner& runner_;
  LargeBuffers& buffers_;
  const Destination to_;
  PacketCredit* const credit_;
  Packet* open_ = nullptr;
  std::uint32_t open_messages_ = 0;  ///< that end in it
  std::optional<Staged> staged_;
  std::uint64_t accepted_;
  std::uint64_t handed_over_;
};

/// Those that have something to hand over.
using Gathering =
    boost::intrusive::list<OutgoingChannel, boost::intrusive::constant_time_size<false>>;

}  // namespace muster
