// Datagrams to services of the machine that keep a log or manage services.
#ifndef BYPASSIO_CKERNELABI_LOG_H
#define BYPASSIO_CKERNELABI_LOG_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// A socket for datagrams of the local machine, closed on exec; or -errno.
int32_t bpio_datagram_socket(void);
/// Whether there is a socket at `path`.
int32_t bpio_is_socket(const char *path);
/// Sends a datagram to the socket at `path`, and waits at most `patience` milliseconds for room. 0
/// or -errno: -ENAMETOOLONG for a path over 107 bytes, -EAGAIN if there was no room.
int32_t bpio_send_datagram(
    int32_t socket, const char *path, const uint8_t *bytes, size_t count, int32_t patience);
/// The same to a service manager, whose socket NOTIFY_SOCKET names: a path, or an abstract name
/// behind an "@". -EAFNOSUPPORT for any other name.
int32_t bpio_notify(
    const char *name, const uint8_t *bytes, size_t count, int32_t patience);

#pragma clang assume_nonnull end

#endif
