#define _GNU_SOURCE
#include "sockets.h"

#if defined(__linux__)

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static int32_t result(int answer) { return answer < 0 ? -errno : answer; }

static int32_t address_of(const char *path, struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path) return -ENAMETOOLONG;
    strcpy(address->sun_path, path);
    return 0;
}

int32_t bpio_stream_socket(int32_t waits) {
    int kind = SOCK_STREAM | SOCK_CLOEXEC | (waits ? 0 : SOCK_NONBLOCK);
    return result(socket(AF_UNIX, kind, 0));
}

int32_t bpio_bind(int32_t number, const char *path) {
    struct sockaddr_un address;
    int32_t code = address_of(path, &address);
    return code ? code : result(bind(number, (struct sockaddr *)&address, sizeof address));
}

int32_t bpio_listen(int32_t number, int32_t backlog) { return result(listen(number, backlog)); }

int32_t bpio_connect(int32_t number, const char *path) {
    struct sockaddr_un address;
    int32_t code = address_of(path, &address);
    return code ? code : result(connect(number, (struct sockaddr *)&address, sizeof address));
}

int32_t bpio_accept(int32_t number) {
    return result(accept4(number, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

int32_t bpio_peer(int32_t number, int32_t *process, uint32_t *user) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(number, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -errno;
    *process = peer.pid;
    *user = peer.uid;
    return 0;
}

int32_t bpio_socket_patience(int32_t number, int64_t milliseconds) {
    struct timeval time = {
        .tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    if (setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) != 0) return -errno;
    return result(setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time));
}

int64_t bpio_send(int32_t number, const void *bytes, size_t count) {
    ssize_t sent = send(number, bytes, count, MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
}

int64_t bpio_receive(int32_t number, void *bytes, size_t count) {
    ssize_t received = recv(number, bytes, count, 0);
    return received < 0 ? -errno : received;
}

int32_t bpio_shutdown(int32_t number) { return result(shutdown(number, SHUT_RDWR)); }

int32_t bpio_poll_readable(int32_t descriptor, int32_t milliseconds) {
    struct pollfd entry = {.fd = descriptor, .events = POLLIN};
    return result(poll(&entry, 1, milliseconds));
}

#endif
