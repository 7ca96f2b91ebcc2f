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

int32_t bpio_datagram_socket(void) {
    int number = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return number < 0 ? -errno : number;
}

int32_t bpio_is_socket(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

int32_t bpio_send_datagram(
    int32_t number, const char *path, const uint8_t *bytes, size_t count, int32_t patience) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    // poll(2) calls an unconnected socket always ready, so the wait is in small steps.
    for (int32_t waited = 0;; waited += 10) {
        ssize_t sent = sendto(
            number, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address,
            sizeof address);
        if (sent >= 0) return 0;
        if (errno == EINTR) continue;
        if (errno != EAGAIN || waited >= patience) return -errno;
        struct timespec step = {.tv_nsec = 10 * 1000 * 1000};
        nanosleep(&step, NULL);
    }
}

#endif
