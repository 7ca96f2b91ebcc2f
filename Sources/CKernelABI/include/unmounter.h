// A process that keeps a user's right to unmount by fusermount3 when the service gives it up.
// Every function returns -errno on failure.
#ifndef BYPASSIO_CKERNELABI_UNMOUNTER_H
#define BYPASSIO_CKERNELABI_UNMOUNTER_H

#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)

#define BPIO_UNMOUNTER_MESSAGE 1024

/// Forks a process that can do nothing but run `program -u -- target`. It ends with the last
/// descriptor of its channel. Call before the process starts threads.
/// Returns the channel, to be closed on exec.
int32_t bpio_unmounter_start(const char *program, const char *target);
/// Lets it unmount, and waits. One thread at a time. 0, or -errno with the helper's words in
/// `message`; -ECHILD or -EPIPE when the process is gone.
int32_t bpio_unmounter_ask(int32_t channel, int32_t lazily, char *message, size_t capacity);

#endif

#endif
