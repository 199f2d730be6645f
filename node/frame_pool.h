// Memory for the frames of coroutines.
#pragma once

#include <cstddef>

namespace muster {

/// From a free list of this thread, by size: nothing is allocated once as many frames of that size
/// as now have been in use at once. What is released goes to the list of the thread that does it,
/// and is given back when that thread ends. Frames of more than 4 KiB are not kept.
void* allocate_frame(std::size_t bytes);
void release_frame(void* frame, std::size_t bytes) noexcept;

}  // namespace muster
