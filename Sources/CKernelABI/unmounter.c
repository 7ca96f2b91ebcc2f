#define _GNU_SOURCE
#include "unmounter.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuse.h"

// What the process answers with: 0 or -errno, and what the helper said.
struct answer {
    int32_t result;
    char message[BPIO_UNMOUNTER_MESSAGE];
};

// Everything but the channel goes: the service's files must not live on in the child.
static void keep_only(int channel) {
    for (int number = 0; number < 3; number++) {
        int null = open("/dev/null", O_RDWR);
        if (null > number) {
            dup2(null, number);
            close(null);
        }
    }
    if (channel > 3) syscall(SYS_close_range, 3u, (unsigned)channel - 1, 0u);
    syscall(SYS_close_range, (unsigned)channel + 1, ~0u, 0u);
}

static void serve(int channel, const char *program, const char *target) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_NAME, "bypassio-umount");
    setsid();
    (void)!chdir("/");
    keep_only(channel);
    while (1) {
        char lazily;
        ssize_t count = recv(channel, &lazily, sizeof lazily, 0);
        if (count < 0 && errno == EINTR) continue;
        // The service, and whatever took over from it, is gone.
        if (count <= 0) _exit(0);
        struct answer answer;
        memset(&answer, 0, sizeof answer);
        answer.result = bpio_fusermount_unmount(
            program, target, lazily, answer.message, sizeof answer.message);
        if (send(channel, &answer, sizeof answer, MSG_NOSIGNAL) < 0) _exit(0);
    }
}

int32_t bpio_unmounter_start(const char *program, const char *target) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
    // Above what the service inherits by number.
    int channel = fcntl(ends[1], F_DUPFD_CLOEXEC, 10);
    int error = channel < 0 ? errno : 0;
    close(ends[1]);
    pid_t child = error == 0 ? fork() : -1;
    if (child == 0) serve(channel, program, target);
    if (child < 0 && error == 0) error = errno;
    if (channel >= 0) close(channel);
    if (error == 0) return ends[0];
    close(ends[0]);
    return -error;
}

int32_t bpio_unmounter_ask(int32_t channel, int32_t lazily, char *message, size_t capacity) {
    message[0] = 0;
    char word = lazily ? 1 : 0;
    if (send(channel, &word, sizeof word, MSG_NOSIGNAL) < 0) return -errno;
    struct answer answer;
    ssize_t count;
    do count = recv(channel, &answer, sizeof answer, 0);
    while (count < 0 && errno == EINTR);
    if (count != sizeof answer) return count < 0 ? -errno : -ECHILD;
    size_t length = strnlen(answer.message, sizeof answer.message - 1);
    if (length >= capacity) length = capacity - 1;
    memcpy(message, answer.message, length);
    message[length] = 0;
    return answer.result;
}

#endif
