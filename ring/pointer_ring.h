// What every ring of this floor offers, so that the floors above can be written against any.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace muster::ring {

/// What a ring carries: one word, a pointer as a rule. Bit 0 belongs to the ring and must be
/// clear, as it is in a pointer to anything that is aligned. Every other bit passes through
/// untouched: with an alignment of 8, bits 1 and 2 are free for a tag of the caller's (carry a
/// std::uintptr_t, or a class that wraps one). A null word is a word like any other.
template <class E>
concept RingElement = std::is_trivially_copyable_v<E> && std::is_default_constructible_v<E> &&
                      sizeof(E) == sizeof(std::uintptr_t);

/// Elements come out in the order in which they went in. Nothing here blocks, allocates or makes
/// a system call. Which threads may push is each ring's own matter; one thread pops.
template <class R>
concept PointerRing =
    RingElement<typename R::value_type> &&
    requires(R& ring, const R& const_ring, typename R::value_type& element,
             std::span<const typename R::value_type> in, std::span<typename R::value_type> out) {
      /// False: full.
      { ring.push(element) } -> std::same_as<bool>;
      /// Returns how many it took, from the front of `in`; the rest found it full.
      { ring.push(in) } -> std::same_as<std::size_t>;
      /// False: empty, and `element` is as it was.
      { ring.pop(element) } -> std::same_as<bool>;
      /// Returns how many it wrote to the front of `out`.
      { ring.pop(out) } -> std::same_as<std::size_t>;
      /// Elements that it can hold.
      { const_ring.capacity() } -> std::same_as<std::size_t>;
      /// True: a pop now would find nothing. For the popping thread.
      { const_ring.empty() } -> std::same_as<bool>;
    };

}  // namespace muster::ring
