#include "tools/fabric/capture_format.h"

#include <fmt/format.h>

#include "cluster/config.h"
#include "cluster/wire/endian.h"

namespace muster::fabric {
namespace {

using wire::Le16;
using wire::Le32;

constexpr std::uint32_t link_type_ethernet = 1;
constexpr std::uint32_t snap_length = 65535;

template <class T>
void append(std::string& out, const T& record) {
  out.append(reinterpret_cast<const char*>(&record), sizeof record);
}

void append(std::string& out, std::span<const std::byte> bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void pad_to_words(std::string& out, std::size_t bytes) { out.append((4 - bytes % 4) % 4, '\0'); }

/// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html
class Pcap final : public CaptureFormat {
 public:
  void begin(std::string& out, std::size_t) const override {
    struct FileHeader {
      Le32 magic = 0xa1b23c4d;  // nanoseconds
      Le16 major = 2;
      Le16 minor = 4;
      Le32 reserved[2] = {0, 0};
      Le32 snap_length = fabric::snap_length;
      Le32 link_type = link_type_ethernet;
    };
    static_assert(sizeof(FileHeader) == 24);
    append(out, FileHeader{});
  }
  void frame(std::string& out, std::size_t, TimeNs wall_ns,
             std::span<const std::byte> bytes) const override {
    struct RecordHeader {
      Le32 seconds;
      Le32 nanoseconds;
      Le32 captured_bytes;
      Le32 frame_bytes;
    };
    const auto size = static_cast<std::uint32_t>(bytes.size());
    append(out, RecordHeader{static_cast<std::uint32_t>(wall_ns / second),
                             static_cast<std::uint32_t>(wall_ns % second), size, size});
    append(out, bytes);
  }
};

/// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html
class Pcapng final : public CaptureFormat {
 public:
  void begin(std::string& out, std::size_t ports) const override {
    section_header(out);
    for (std::size_t port = 0; port < ports; ++port) interface(out, fmt::format("port{}", port));
  }

  void frame(std::string& out, std::size_t port, TimeNs wall_ns,
             std::span<const std::byte> bytes) const override {
    struct EnhancedPacket {
      Le32 interface;
      Le32 time_high;
      Le32 time_low;
      Le32 captured_bytes;
      Le32 frame_bytes;
    };
    const std::size_t start = open(out, 6);
    const auto size = static_cast<std::uint32_t>(bytes.size());
    append(out, EnhancedPacket{static_cast<std::uint32_t>(port),
                               static_cast<std::uint32_t>(wall_ns >> 32),
                               static_cast<std::uint32_t>(wall_ns & 0xffffffff), size, size});
    append(out, bytes);
    pad_to_words(out, bytes.size());
    close(out, start);
  }

 private:
  static void section_header(std::string& out) {
    struct SectionHeader {
      Le32 byte_order_magic = 0x1a2b3c4d;
      Le16 major = 1;
      Le16 minor = 0;
      Le32 section_bytes[2] = {0xffffffff, 0xffffffff};  // not known
    };
    const std::size_t start = open(out, 0x0a0d0d0a);
    append(out, SectionHeader{});
    option(out, 4, "muster fabric");  // shb_userappl
    option(out, 0, "");
    close(out, start);
  }
  static void interface(std::string& out, std::string_view name) {
    struct Interface {
      Le16 link_type = link_type_ethernet;
      Le16 reserved = 0;
      Le32 snap_length = fabric::snap_length;
    };
    const std::size_t start = open(out, 1);
    append(out, Interface{});
    option(out, 2, name);    // if_name
    option(out, 9, "\x09");  // if_tsresol: 10^-9 s
    option(out, 0, "");
    close(out, start);
  }

  static void option(std::string& out, std::uint16_t code, std::string_view value) {
    append(out, Le16(code));
    append(out, Le16(static_cast<std::uint16_t>(value.size())));
    out += value;
    pad_to_words(out, value.size());
  }

  /// A block says its length at both its ends; close() knows it.
  static std::size_t open(std::string& out, std::uint32_t type) {
    const std::size_t start = out.size();
    append(out, Le32(type));
    append(out, Le32(0));
    return start;
  }
  static void close(std::string& out, std::size_t start) {
    const Le32 length(static_cast<std::uint32_t>(out.size() - start + sizeof(Le32)));
    append(out, length);
    out.replace(start + sizeof(Le32), sizeof(Le32), reinterpret_cast<const char*>(&length),
                sizeof(Le32));
  }
};

}  // namespace

std::unique_ptr<CaptureFormat> capture_format(std::string_view path) {
  if (path.ends_with(".pcapng")) return std::make_unique<Pcapng>();
  if (path.ends_with(".pcap")) return std::make_unique<Pcap>();
  return nullptr;
}

}  // namespace muster::fabric
