// A change that arrives in pieces, over several packets.
#pragma once

#include "cluster/directory/content.h"

namespace muster {

class ChangeAssembly {
 public:
  enum class Piece : std::uint8_t {
    unexpected,  ///< there is a hole before it
    taken,       ///< more is to come
    complete,    ///< change() is whole now
  };
  Piece take(const wire::ChangeView& piece) {
    if (!continues(piece)) {
      if (piece.offset != 0) return Piece::unexpected;
      change_ = {.version = piece.version,
                 .kind = piece.kind,
                 .more = piece.more,
                 .path = std::string(piece.path),
                 .bytes = {},
                 .attribute_bytes = piece.attribute_bytes};
      content_bytes_ = piece.content_bytes;
    }
    change_.more = piece.more;  // a page of an answer does not say so, an advertisement does
    // What came twice is not appended twice.
    const std::size_t known = change_.bytes.size() - piece.offset;
    if (known < piece.piece.size())
      change_.bytes.insert(change_.bytes.end(),
                           piece.piece.begin() + static_cast<std::ptrdiff_t>(known),
                           piece.piece.end());
    return change_.bytes.size() == content_bytes_ ? Piece::complete : Piece::taken;
  }
  const StoredChange& change() const { return change_; }
  StoredChange take_change() {
    StoredChange whole = std::move(change_);
    clear();
    return whole;
  }
  /// The version that is being received; 0: none.
  Version version() const { return change_.version; }
  /// How much of it has come.
  std::size_t offset() const { return change_.bytes.size(); }
  void clear() {
    change_ = {};
    content_bytes_ = 0;
  }

 private:
  bool continues(const wire::ChangeView& piece) const {
    return piece.version == change_.version && piece.path == change_.path &&
           piece.content_bytes == content_bytes_ &&
           piece.attribute_bytes == change_.attribute_bytes && piece.offset <= change_.bytes.size();
  }

  StoredChange change_;
  std::size_t content_bytes_ = 0;
};

}  // namespace muster
