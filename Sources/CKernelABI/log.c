#define _GNU_SOURCE
#include "log.h"

#if defined(__linux__)

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int32_t bpio_datagram_socket(void) {
    int number = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return number < 0 ? -errno : number;
}

int32_t bpio_is_socket(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

static int32_t send_to(
    int32_t number, const struct sockaddr_un *address, socklen_t length, const uint8_t *bytes,
    size_t count, int32_t patience) {
    // poll(2) calls an unconnected socket always ready, so the wait is in small steps.
    for (int32_t waited = 0;; waited += 10) {
        ssize_t sent = sendto(
            number, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)address,
            length);
        if (sent >= 0) return 0;
        if (errno == EINTR) continue;
        if (errno != EAGAIN || waited >= patience) return -errno;
        struct timespec step = {.tv_nsec = 10 * 1000 * 1000};
        nanosleep(&step, NULL);
    }
}

int32_t bpio_send_datagram(
    int32_t number, const char *path, const uint8_t *bytes, size_t count, int32_t patience) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    return send_to(number, &address, sizeof address, bytes, count, patience);
}

int32_t bpio_notify(const char *name, const uint8_t *bytes, size_t count, int32_t patience) {
    if (name[0] != '/' && name[0] != '@') return -EAFNOSUPPORT;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    if (length >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, name, length);
    if (name[0] == '@') address.sun_path[0] = 0;
    int32_t number = bpio_datagram_socket();
    if (number < 0) return number;
    // The length tells where an abstract name ends.
    socklen_t whole = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    int32_t result = send_to(number, &address, whole, bytes, count, patience);
    close(number);
    return result;
}

#endif
