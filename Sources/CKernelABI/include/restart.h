// A service's successor: a process that inherits descriptors. Every function returns -errno on
// failure.
#ifndef BYPASSIO_CKERNELABI_RESTART_H
#define BYPASSIO_CKERNELABI_RESTART_H

#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)

#pragma clang assume_nonnull begin

/// Memory without a name (memfd_create(2)), closed on exec.
int32_t bpio_restart_memory(const char *name);
/// Starts the program that lies where this one did, or this one if none lies there, with
/// `arguments`, with `setting` (NAME=VALUE) in its environment, and with `count` descriptors that
/// are closed on exec here and open there, by the same numbers. From then on every other
/// descriptor above 2 is closed on exec, too. The process, or -errno.
int32_t bpio_restart_start(
    char *_Nullable const *_Nonnull arguments, const char *setting, const int32_t *descriptors,
    size_t count);
/// Has an inherited descriptor closed on exec.
int32_t bpio_restart_close_on_exec(int32_t descriptor);

#pragma clang assume_nonnull end

#endif

#endif
