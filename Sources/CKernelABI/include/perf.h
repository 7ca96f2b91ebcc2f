#pragma once

// perf_event_open(2), which glibc does not wrap.

#include <stdint.h>

#if defined(__linux__)

/// Counts a tracepoint in one thread (0: the caller) and in the threads that it starts from now on.
/// A descriptor, of which read(2) gives 8 bytes, or -errno.
int32_t bpio_perf_open_tracepoint(uint64_t tracepoint, int32_t thread);

#endif
