// A segment of Ethernet made of the kernel: a bridge, and machines at it, each a network namespace.
// A namespace is held by a descriptor and has no name: all of it is gone with the process,
// however that ends.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace muster::e2e {

/// What a process may do in a network of its own.
enum class Rights {
  none,
  interfaces,  ///< make them, and read and write their frames
  programs,    ///< load programs into the kernel as well, as XDP needs it
};

/// Takes this process, which has one thread, into a network namespace of its own. An ordinary user
/// becomes root of a user namespace of his own first, where the system lets him.
Rights enter_own_network();

/// Runs `ip` with `arguments`, in the namespace of the caller. Throws std::runtime_error with what
/// it complains of.
void ip(const std::string& arguments);

/// What is run behind these words sees in /sys the interfaces of the namespace it runs in. Only
/// /sys is changed, so that it works below a root that is no mount of its own, as after chroot.
inline const std::vector<std::string> own_interfaces = {
    "/usr/bin/env",
    "unshare",
    "--mount",
    "--propagation=unchanged",
    "sh",
    "-c",
    "mount --make-rprivate /sys && mount -t sysfs none /sys && exec \"$0\" \"$@\""};

class NetworkNamespace {
 public:
  /// A new one, without any interface that is up. Throws std::system_error.
  NetworkNamespace();
  NetworkNamespace(NetworkNamespace&& other) noexcept;
  NetworkNamespace& operator=(NetworkNamespace&&) = delete;
  ~NetworkNamespace();

  /// Runs `work` there; children that it starts stay there.
  void inside(const std::function<void()>& work) const;
  /// How `ip` finds it.
  std::string path() const;

 private:
  int own_ = -1;
};

/// The same, as a shell has these words.
std::string own_interfaces_in_shell();

/// What a `muster node` says that cannot start in `machine`; `options` as a shell has them.
std::string refusal(const NetworkNamespace& machine, const std::string& options);

/// A switch that snoops: who has not said by IGMP that he is in a group gets nothing of it.
class Segment {
 public:
  /// Its interfaces, and those of its machines, carry `mtu` bytes.
  explicit Segment(unsigned mtu = 1500);

  /// A machine with the interface eth0, plugged in and up, at the address given ("10.77.0.1/24") or
  /// without one.
  NetworkNamespace machine(const std::string& address = "");
  /// Plugs in an interface of the switch's own machine.
  void plug(const std::string& interface);
  /// The switch's own machine.
  const NetworkNamespace& home() const { return home_; }

 private:
  NetworkNamespace home_;
  unsigned mtu_;
  std::size_t machines_ = 0;
};

}  // namespace muster::e2e
