// The process that outlives a service and answers for its gates. Every function returns -errno on
// failure.
#ifndef BYPASSIO_CKERNELABI_GUARDIAN_H
#define BYPASSIO_CKERNELABI_GUARDIAN_H

#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)

#pragma clang assume_nonnull begin

/// The number of the socket in the guardian.
#define BPIO_GUARDIAN_CHANNEL 3

/// A pair of sockets for messages, closed on exec. Writers wait `patience` milliseconds for room.
int32_t bpio_guardian_pair(int32_t *first, int32_t *second, int64_t patience);
/// Starts this program with `arguments` in a session of its own, with `channel` as descriptor 3 and
/// standard descriptors of /dev/null. The process, or -errno.
int32_t bpio_guardian_start(
    char *_Nullable const *_Nonnull arguments, int32_t channel);
/// Ends a child at once and waits for its end.
void bpio_guardian_kill(int32_t child);
/// waitpid(2) without waiting: whether the child has ended.
int32_t bpio_guardian_has_ended(int32_t child);

/// pidfd_open(2): a descriptor of a process, closed on exec.
int32_t bpio_guardian_process(int32_t process);
/// Ends the process of such a descriptor at once and waits for its end.
void bpio_guardian_end(int32_t process);

/// A message, with a descriptor beside it unless that is negative. No SIGPIPE.
int64_t bpio_guardian_send(int32_t socket, const void *bytes, size_t count, int32_t file);
/// Waits for a message: its length, 0 at the end. `file` is its descriptor, or -1.
int64_t bpio_guardian_receive(int32_t socket, void *bytes, size_t capacity, int32_t *file);

/// Makes `number` stand for `file`, in place of whatever it stood for (dup3(2)); closed on exec.
int32_t bpio_guardian_place(int32_t file, int32_t number);
/// A duplicate with a number of `least` or more, closed on exec.
int32_t bpio_guardian_move(int32_t file, int32_t least);

/// The guardian's first act: no signal but SIGKILL reaches it, `name` is its name, and the kernel
/// looks for other processes to end when memory is short.
void bpio_guardian_settle(const char *name);
/// inotify(7): a descriptor that tells of the end of the file system at `path`, which is neither
/// held nor kept from ending.
int32_t bpio_guardian_watch(const char *path);
/// Takes what the watch tells: 1 if the file system has ended, 0 if not yet.
int32_t bpio_guardian_has_unmounted(int32_t watch);
/// poll(2) of up to three descriptors, negative ones left out: a bit for each that can be read or
/// has ended, 0 after so many milliseconds (-1: for ever).
int32_t bpio_guardian_wait(int32_t first, int32_t second, int32_t third, int32_t milliseconds);

#pragma clang assume_nonnull end

#endif

#endif
