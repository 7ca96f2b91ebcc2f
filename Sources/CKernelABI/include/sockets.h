// Stream sockets of the local machine: by path, and by a port of the loopback interface.
#ifndef BYPASSIO_CKERNELABI_SOCKETS_H
#define BYPASSIO_CKERNELABI_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// A socket for streams, closed on exec, that waits in its calls or not; or -errno.
int32_t bpio_stream_socket(int32_t waits);
/// bind(2): 0 or -errno; -ENAMETOOLONG for a path over 107 bytes.
int32_t bpio_bind(int32_t socket, const char *path);
/// A socket for TCP that does not wait, bound to a port of 127.0.0.1, or of ::1 if `six` is not 0;
/// 0 lets the kernel choose the port. Connections send at once (TCP_NODELAY). Descriptor or -errno.
int32_t bpio_loopback_socket(int32_t six, uint16_t port);
/// connect(2) to such a port, waiting: a descriptor or -errno.
int32_t bpio_loopback_connect(int32_t six, uint16_t port);
/// getsockname(2): the port that a socket of TCP is bound to, or -errno.
int32_t bpio_socket_port(int32_t socket);
/// listen(2).
int32_t bpio_listen(int32_t socket, int32_t backlog);
/// connect(2): as bpio_bind.
int32_t bpio_connect(int32_t socket, const char *path);
/// accept4(2), closed on exec and without waiting: the connection's descriptor or -errno.
int32_t bpio_accept(int32_t socket);
/// SO_PEERCRED: 0 or -errno.
int32_t bpio_peer(int32_t socket, int32_t *process, uint32_t *user);
/// SO_RCVTIMEO and SO_SNDTIMEO, milliseconds: 0 or -errno.
int32_t bpio_socket_patience(int32_t socket, int64_t milliseconds);
/// send(2) without a signal: bytes taken or -errno.
int64_t bpio_send(int32_t socket, const void *bytes, size_t count);
/// recv(2): bytes, 0 at the end, or -errno.
int64_t bpio_receive(int32_t socket, void *bytes, size_t count);
/// shutdown(2), both ways: 0 or -errno.
int32_t bpio_shutdown(int32_t socket);
/// poll(2) for something to read; milliseconds, -1 for ever. 1, 0 when the time is over, -errno.
int32_t bpio_poll_readable(int32_t descriptor, int32_t milliseconds);
/// The same for room to write.
int32_t bpio_poll_writable(int32_t descriptor, int32_t milliseconds);
/// shutdown(2) of what this side writes.
int32_t bpio_shutdown_writing(int32_t socket);

#pragma clang assume_nonnull end

#endif
