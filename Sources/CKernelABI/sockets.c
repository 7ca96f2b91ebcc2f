#define _GNU_SOURCE
#include "sockets.h"

#if defined(__linux__)

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

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

/// Either kind of a loopback address.
union loopback {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

static socklen_t loopback_of(int32_t six, uint16_t port, union loopback *address) {
    if (six) {
        address->six = (struct sockaddr_in6){
            .sin6_family = AF_INET6, .sin6_port = htons(port),
            .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        return sizeof address->six;
    }
    address->four = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port),
        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    return sizeof address->four;
}

/// The error of what failed last; the descriptor is closed.
static int32_t given_up(int32_t number) {
    int32_t code = -errno;
    close(number);
    return code;
}

static int32_t loopback_stream(int32_t six, int flags) {
    int32_t number = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (number < 0) return -errno;
    int on = 1;
    if (setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        return given_up(number);
    return number;
}

int32_t bpio_loopback_socket(int32_t six, uint16_t port) {
    int32_t number = loopback_stream(six, SOCK_NONBLOCK);
    if (number < 0) return number;
    int on = 1;
    union loopback address;
    socklen_t size = loopback_of(six, port, &address);
    // Connections that a service before left behind do not keep the port.
    if (setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(number, &address.any, size) != 0)
        return given_up(number);
    return number;
}

int32_t bpio_loopback_connect(int32_t six, uint16_t port) {
    int32_t number = loopback_stream(six, 0);
    if (number < 0) return number;
    union loopback address;
    socklen_t size = loopback_of(six, port, &address);
    return connect(number, &address.any, size) != 0 ? given_up(number) : number;
}

int32_t bpio_socket_port(int32_t number) {
    union loopback address;
    socklen_t size = sizeof address;
    if (getsockname(number, &address.any, &size) != 0) return -errno;
    switch (address.any.sa_family) {
    case AF_INET: return ntohs(address.four.sin_port);
    case AF_INET6: return ntohs(address.six.sin6_port);
    default: return -EAFNOSUPPORT;
    }
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

int32_t bpio_shutdown_writing(int32_t number) { return result(shutdown(number, SHUT_WR)); }

static int32_t wait_for(int32_t descriptor, short event, int32_t milliseconds) {
    struct pollfd entry = {.fd = descriptor, .events = event};
    return result(poll(&entry, 1, milliseconds));
}

int32_t bpio_poll_readable(int32_t descriptor, int32_t milliseconds) {
    return wait_for(descriptor, POLLIN, milliseconds);
}

int32_t bpio_poll_writable(int32_t descriptor, int32_t milliseconds) {
    return wait_for(descriptor, POLLOUT, milliseconds);
}

#endif
