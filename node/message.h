// A message as the application gets it, from a member or of a topic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/packet.h"
#include "cluster/publishing/topic_config.h"
#include "cluster/types.h"

namespace muster {

class Application;

/// A message that was kept beyond its callback: its packets stay with it until it is destroyed or
/// released, by the node's thread and before the node ends. Moves, and is not copied.
class KeptMessage {
 public:
  KeptMessage() = default;
  KeptMessage(KeptMessage&& other) noexcept;
  KeptMessage& operator=(KeptMessage&& other) noexcept;
  ~KeptMessage();

  /// False: as many packets are kept as LimitsConfig::kept_packets allows.
  explicit operator bool() const { return owner_ != nullptr; }
  const MemberKey& from() const { return from_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  /// Once; the destructor does it as well.
  void release();

 private:
  friend class Application;
  KeptMessage(Application& owner, const MemberKey& from, Packet* packet,
              std::span<const std::byte> bytes)
      : owner_(&owner), from_(from), packet_(packet), bytes_(bytes) {}

  Application* owner_ = nullptr;
  MemberKey from_{};
  Packet* packet_ = nullptr;     ///< null: the bytes are `copy_`
  std::vector<std::byte> copy_;  ///< of a message of several pieces
  std::span<const std::byte> bytes_;
};

/// Valid during the callback only, and not copied. Its bytes lie in the packets that carried them:
/// one piece if it fitted a packet, as all but long messages do.
class Received {
 public:
  using Bytes = std::span<const std::byte>;

  Received(const Received&) = delete;
  Received& operator=(const Received&) = delete;

  const MemberKey& from() const { return from_; }
  std::size_t size() const { return size_; }
  /// Where it lies, in order: nothing is copied.
  std::span<const Bytes> pieces() const { return pieces_; }
  /// In one piece: of a message of several, each call makes a copy.
  Bytes bytes() const;
  /// For as long as the caller wants: without a copy if it is of one piece.
  KeptMessage keep() const;

 protected:
  ~Received() = default;
  Received(Application& owner, const MemberKey& from, Packet& packet, std::span<const Bytes> pieces,
           std::size_t size)
      : owner_(owner), from_(from), packet_(packet), pieces_(pieces), size_(size) {}

 private:
  friend class Application;

  Application& owner_;
  const MemberKey from_;
  Packet& packet_;
  const std::span<const Bytes> pieces_;
  const std::size_t size_;
};

/// One that was sent to this member.
class Message : public Received {
 public:
  ChannelId channel() const { return channel_; }

 private:
  friend class Application;
  Message(ChannelId channel, Application& owner, const MemberKey& from, Packet& packet,
          std::span<const Bytes> pieces, std::size_t size)
      : Received(owner, from, packet, pieces, size), channel_(channel) {}

  const ChannelId channel_;
};

/// One of a topic that this thread has subscribed to.
class Publication : public Received {
 public:
  /// Its name.
  std::string_view topic() const { return topic_; }
  /// As Client::subscribe() has given it.
  SubscriptionNumber subscription() const { return subscription_; }

 private:
  friend class Application;
  Publication(std::string_view topic, SubscriptionNumber subscription, Application& owner,
              const MemberKey& from, Packet& packet, std::span<const Bytes> pieces,
              std::size_t size)
      : Received(owner, from, packet, pieces, size), topic_(topic), subscription_(subscription) {}

  const std::string_view topic_;
  const SubscriptionNumber subscription_;
};

}  // namespace muster
