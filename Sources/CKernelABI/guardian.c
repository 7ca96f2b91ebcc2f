#define _GNU_SOURCE
#include "guardian.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int32_t bpio_guardian_pair(int32_t *first, int32_t *second, int64_t patience) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
    struct timeval time = {.tv_sec = patience / 1000, .tv_usec = patience % 1000 * 1000};
    if (setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) != 0
        || setsockopt(ends[1], SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) != 0) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        return -error;
    }
    *first = ends[0];
    *second = ends[1];
    return 0;
}

static int fill(
    posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int channel) {
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++) {
        int error = posix_spawn_file_actions_addopen(actions, number, "/dev/null", O_RDWR, 0);
        if (error != 0) return error;
    }
    // From its first moment on: bpio_guardian_settle comes later.
    sigset_t all;
    sigfillset(&all);
    int error = posix_spawnattr_setsigmask(attributes, &all);
    if (error == 0)
        error = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    return error != 0
        ? error
        : posix_spawn_file_actions_adddup2(actions, channel, BPIO_GUARDIAN_CHANNEL);
}

int32_t bpio_guardian_start(char *const *arguments, int32_t channel) {
    // Above the number where it is placed: a dup2 to itself would leave it closed on exec.
    int moved = fcntl(channel, F_DUPFD_CLOEXEC, 10);
    if (moved < 0) return -errno;
    // ps(1) takes the name from the path. A program that was replaced meanwhile is there no more.
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length < 0 ? 0 : length] = 0;
    if (access(program, X_OK) != 0) strcpy(program, "/proc/self/exe");
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        close(moved);
        return -error;
    }
    posix_spawnattr_init(&attributes);
    error = fill(&actions, &attributes, moved);
    pid_t child = 0;
    if (error == 0)
        error = posix_spawn(&child, program, &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(moved);
    return error == 0 ? child : -error;
}

void bpio_guardian_kill(int32_t child) {
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
}

int32_t bpio_guardian_has_ended(int32_t child) {
    pid_t ended = waitpid(child, NULL, WNOHANG);
    return ended == child || (ended < 0 && errno == ECHILD);
}

int32_t bpio_guardian_process(int32_t process) {
    // The C library of Debian 11 has no function for it.
    long descriptor = syscall(SYS_pidfd_open, process, 0);
    return descriptor < 0 ? -errno : (int32_t)descriptor;
}

void bpio_guardian_end(int32_t process) {
    if (syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0) < 0) return;
    struct pollfd end = {.fd = process, .events = POLLIN};
    while (poll(&end, 1, -1) < 0 && errno == EINTR) {}
}

union descriptor_room {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
};

int64_t bpio_guardian_send(int32_t socket, const void *bytes, size_t count, int32_t file) {
    struct iovec data = {.iov_base = (void *)bytes, .iov_len = count};
    union descriptor_room control = {0};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (file >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof file);
        memcpy(CMSG_DATA(header), &file, sizeof file);
    }
    ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
}

int64_t bpio_guardian_receive(int32_t socket, void *bytes, size_t capacity, int32_t *file) {
    struct iovec data = {.iov_base = bytes, .iov_len = capacity};
    union descriptor_room control;
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    *file = -1;
    ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (count < 0) return -errno;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS
        && header->cmsg_len == CMSG_LEN(sizeof *file))
        memcpy(file, CMSG_DATA(header), sizeof *file);
    return count;
}

int32_t bpio_guardian_place(int32_t file, int32_t number) {
    return dup3(file, number, O_CLOEXEC) < 0 ? -errno : 0;
}

int32_t bpio_guardian_move(int32_t file, int32_t least) {
    int moved = fcntl(file, F_DUPFD_CLOEXEC, least);
    return moved < 0 ? -errno : moved;
}

void bpio_guardian_settle(const char *name) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_NAME, name);
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    // Refused without CAP_SYS_RESOURCE; then it is chosen as any other process of its size.
    ssize_t written = write(file, "-1000", 5);
    (void)written;
    close(file);
}

int32_t bpio_guardian_watch(const char *path) {
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch < 0) return -errno;
    // IN_UNMOUNT comes unasked.
    if (inotify_add_watch(watch, path, IN_DELETE_SELF | IN_ONLYDIR) < 0) {
        int error = errno;
        close(watch);
        return -error;
    }
    return watch;
}

int32_t bpio_guardian_has_unmounted(int32_t watch) {
    union {
        struct inotify_event event;
        char room[4096];
    } buffer;
    while (1) {
        ssize_t length = read(watch, &buffer, sizeof buffer);
        if (length < 0 && errno == EINTR) continue;
        if (length < 0) return errno == EAGAIN ? 0 : -errno;
        for (ssize_t at = 0; at + (ssize_t)sizeof buffer.event <= length;) {
            struct inotify_event event;
            memcpy(&event, buffer.room + at, sizeof event);
            if (event.mask & (IN_UNMOUNT | IN_IGNORED)) return 1;
            at += (ssize_t)(sizeof event + event.len);
        }
    }
}

int32_t bpio_guardian_wait(int32_t first, int32_t second, int32_t third, int32_t milliseconds) {
    struct pollfd entries[3] = {{first, POLLIN, 0}, {second, POLLIN, 0}, {third, POLLIN, 0}};
    if (poll(entries, 3, milliseconds) < 0) return -errno;
    return (entries[0].revents != 0) | (entries[1].revents != 0) << 1
        | (entries[2].revents != 0) << 2;
}

#endif
