#define _GNU_SOURCE
#include "fuse.h"
#include "files.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define CHECK(condition) _Static_assert(condition, #condition)
#define FUSE_DEV_IOC_CLONE _IOR(229, 0, uint32_t)
#define FUSE_DEV_IOC_SYNC_INIT _IO(229, 3)

// struct fuse_backing_map
struct bpio_fuse_backing_map {
    int32_t descriptor;
    uint32_t flags;
    uint64_t padding;
};
#define BPIO_FUSE_DEV_IOC_BACKING_OPEN _IOW(229, 1, struct bpio_fuse_backing_map)
#define BPIO_FUSE_DEV_IOC_BACKING_CLOSE _IOW(229, 2, uint32_t)

CHECK(FUSE_DEV_IOC_CLONE == 0x8004e500);
CHECK(FUSE_DEV_IOC_SYNC_INIT == 0xe503);
CHECK(sizeof(struct bpio_fuse_backing_map) == 16);
CHECK(BPIO_FUSE_DEV_IOC_BACKING_OPEN == 0x4010e501);
CHECK(BPIO_FUSE_DEV_IOC_BACKING_CLOSE == 0x4004e502);
CHECK(sizeof(struct bpio_fuse_queue_header) == 288);
CHECK(offsetof(struct bpio_fuse_queue_header, operation) == 128);
CHECK(offsetof(struct bpio_fuse_queue_header, commit_id) == 264);
CHECK(offsetof(struct bpio_fuse_queue_header, payload_size) == 272);
CHECK(BPIO_MS_RDONLY == MS_RDONLY);
CHECK(BPIO_MS_NOSUID == MS_NOSUID);
CHECK(BPIO_MS_NODEV == MS_NODEV);
CHECK(BPIO_MS_NOEXEC == MS_NOEXEC);
CHECK(BPIO_MS_REMOUNT == MS_REMOUNT);
CHECK(BPIO_MS_NOATIME == MS_NOATIME);
CHECK(BPIO_MS_NODIRATIME == MS_NODIRATIME);
CHECK(BPIO_MS_BIND == MS_BIND);
CHECK(BPIO_MS_RELATIME == MS_RELATIME);
CHECK(BPIO_MS_STRICTATIME == MS_STRICTATIME);
CHECK(BPIO_MNT_FORCE == MNT_FORCE);
CHECK(BPIO_MNT_DETACH == MNT_DETACH);
CHECK(BPIO_UMOUNT_NOFOLLOW == UMOUNT_NOFOLLOW);

// ---- /dev/fuse ----

int32_t bpio_fuse_open(void) {
    int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    return device < 0 ? -errno : device;
}

int32_t bpio_fuse_clone(int32_t session, int32_t waits) {
    int device = open("/dev/fuse", O_RDWR | O_CLOEXEC | (waits ? 0 : O_NONBLOCK));
    if (device < 0) return -errno;
    uint32_t source = (uint32_t)session;
    if (ioctl(device, FUSE_DEV_IOC_CLONE, &source) == 0) return device;
    int32_t error = -errno;
    close(device);
    return error;
}

int32_t bpio_fuse_sync_init(int32_t device) {
    return ioctl(device, FUSE_DEV_IOC_SYNC_INIT) == 0 ? 0 : -errno;
}

int32_t bpio_fuse_backing_open(int32_t device, int32_t file) {
    struct bpio_fuse_backing_map map = {.descriptor = file, .flags = 0, .padding = 0};
    int number = ioctl(device, BPIO_FUSE_DEV_IOC_BACKING_OPEN, &map);
    return number < 0 ? -errno : number;
}

int32_t bpio_fuse_backing_close(int32_t device, int32_t number) {
    uint32_t id = (uint32_t)number;
    return ioctl(device, BPIO_FUSE_DEV_IOC_BACKING_CLOSE, &id) == 0 ? 0 : -errno;
}

int64_t bpio_fuse_read(int32_t device, void *buffer, size_t capacity) {
    ssize_t count = read(device, buffer, capacity);
    return count < 0 ? -errno : count;
}

int64_t bpio_fuse_write(int32_t device, const void *message, size_t length) {
    ssize_t count = write(device, message, length);
    return count < 0 ? -errno : count;
}

int32_t bpio_fuse_dead_end(void) {
    int descriptor = open("/", O_PATH | O_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int32_t bpio_fuse_replace(int32_t device, int32_t other) {
    int result;
    do result = dup3(other, device, O_CLOEXEC);
    while (result < 0 && (errno == EINTR || errno == EBUSY));
    return result < 0 ? -errno : 0;
}

// ---- threads that wait in read(2) ----

// glibc keeps the first real-time signals. No other code uses the last but two.
static int interrupt_signal(void) { return SIGRTMAX - 2; }

static void interrupted(int signal) { (void)signal; }

void bpio_thread_accept_interrupts(void) {
    struct sigaction action = {.sa_handler = interrupted};
    sigaction(interrupt_signal(), &action, NULL);
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, interrupt_signal());
    pthread_sigmask(SIG_SETMASK, &all, NULL);
}

int32_t bpio_thread_interrupt(pthread_t thread) {
    return -pthread_kill(thread, interrupt_signal());
}

// ---- mount(2) ----

int32_t bpio_mount(
    const char *source, const char *target, const char *type, uint32_t flags,
    const char *options) {
    return mount(source, target, type, flags, options) == 0 ? 0 : -errno;
}

int32_t bpio_umount(const char *target, int32_t flags) {
    return umount2(target, flags) == 0 ? 0 : -errno;
}

// ---- questions with a time limit ----

// The asking process makes only system calls, since its parent may have threads. It ends by itself
// when the time is up; but if a service holds its request, only when that is answered.
static void ask_and_end(
    int answer, const char *path, const char *attribute, void *value, size_t capacity,
    int32_t limit) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGALRM);
    struct itimerval time_up = {
        // Later than the caller's limit, so that the caller sees the time-out and not the end.
        .it_value = {.tv_sec = limit / 1000 + 1, .tv_usec = limit % 1000 * 1000}};
    if (signal(SIGALRM, SIG_DFL) == SIG_ERR || sigprocmask(SIG_UNBLOCK, &ends, NULL) != 0
        || setitimer(ITIMER_REAL, &time_up, NULL) != 0)
        _exit(1);
    // A child that waits for ever must not keep the caller's pipes and connections open.
    if (dup2(answer, 0) < 0) _exit(1);
    close_range(1, ~0U, 0);
    int64_t result;
    if (attribute) {
        result = getxattr(path, attribute, value, capacity);
    } else {
        struct bpio_statx status;
        result = syscall(
            SYS_statx, AT_FDCWD, path, BPIO_AT_STATX_FORCE_SYNC, BPIO_STATX_BASIC_STATS, &status);
    }
    if (result < 0) result = -errno;
    if (write(0, &result, sizeof result) == (ssize_t)sizeof result && result > 0) {
        const char *next = value;
        size_t left = (size_t)result;
        while (left > 0) {
            ssize_t count = write(0, next, left);
            if (count <= 0) _exit(1);
            next += count;
            left -= (size_t)count;
        }
    }
    _exit(0);
}

static int64_t milliseconds_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// Reads exactly `count` bytes before `end`; 0 or a negative errno.
static int read_until(int pipe, void *bytes, size_t count, int64_t end) {
    char *next = bytes;
    while (count > 0) {
        int64_t left = end - milliseconds_now();
        struct pollfd ready = {.fd = pipe, .events = POLLIN};
        int polled = left <= 0 ? 0 : poll(&ready, 1, (int)left);
        if (polled == 0) return -ETIMEDOUT;
        if (polled < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        ssize_t got = read(pipe, next, count);
        if (got == 0) return -EIO;
        if (got < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        next += got;
        count -= (size_t)got;
    }
    return 0;
}

int64_t bpio_ask(
    const char *path, const char *attribute, void *value, size_t capacity, int32_t limit) {
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0) return -errno;
    int64_t end = milliseconds_now() + limit;
    // The child starts the asking process and ends, so the caller need not wait for that process.
    pid_t child = fork();
    if (child == 0) {
        pid_t asking = fork();
        if (asking == 0) ask_and_end(pipes[1], path, attribute, value, capacity, limit);
        _exit(asking < 0 ? errno : 0);
    }
    int64_t result = child < 0 ? -errno : 0;
    close(pipes[1]);
    if (child > 0) {
        int status = 0;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        int64_t answer = 0;
        int error = WIFEXITED(status) ? -WEXITSTATUS(status) : 0;
        if (error == 0) error = read_until(pipes[0], &answer, sizeof answer, end);
        if (error == 0 && answer > 0)
            error = (size_t)answer > capacity ? -ERANGE
                                              : read_until(pipes[0], value, (size_t)answer, end);
        result = error < 0 ? error : answer;
    }
    close(pipes[0]);
    return result;
}

// ---- fusermount3 ----

// fusermount3 expects its socket at this number.
#define COMMUNICATION_FD 3

// The environment with `setting` (NAME=VALUE) in front, allocated; NULL without memory. All strings
// but the first are the environment's own.
static char **environment_with(char *setting) {
    size_t count = 0;
    while (environ && environ[count]) count++;
    char **copy = calloc(count + 2, sizeof *copy);
    if (!copy) return NULL;
    size_t kept = 0;
    size_t name = strcspn(setting, "=") + 1;
    copy[kept++] = setting;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], setting, name) != 0) copy[kept++] = environ[i];
    return copy;
}

// Starts the helper with `channel` as descriptor 3 and standard error into `errors`.
static int start_helper(
    pid_t *child, const char *program, char *const arguments[], int channel, int errors) {
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return ENOMEM;
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    // The helper must not inherit the signals that the command blocks. Ctrl-C is for the command
    // alone: if it ended the helper between its mount and the hand-over, a mount without a service
    // would stay.
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    int error = posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    if (error == 0 && channel >= 0)
        error = posix_spawn_file_actions_adddup2(&actions, channel, COMMUNICATION_FD);
    char setting[] = "_FUSE_COMMFD=3";
    char **environment = environment_with(setting);
    if (!environment) error = ENOMEM;
    if (error == 0)
        error = posix_spawn(child, program, &actions, &attributes, arguments, environment);
    free(environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

// Reads until the end of the pipe, and keeps as much as fits.
static void read_message(int pipe, char *message, size_t capacity) {
    size_t length = 0;
    while (1) {
        char chunk[256];
        ssize_t count = read(pipe, chunk, sizeof chunk);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        size_t room = capacity - 1 - length;
        size_t kept = (size_t)count < room ? (size_t)count : room;
        memcpy(message + length, chunk, kept);
        length += kept;
    }
    message[length] = 0;
}

static int receive_descriptor(int socket) {
    char byte;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control};
    ssize_t count;
    do count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count <= 0) return -EIO;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS
        || header->cmsg_len != CMSG_LEN(sizeof(int)))
        return -EIO;
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

// Moves the descriptor above 3, so that placing the socket at 3 does not close the pipe.
static int move_up(int descriptor) {
    if (descriptor < 0 || descriptor > 9) return descriptor;
    int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, 10);
    close(descriptor);
    return moved;
}

static int run_helper(
    const char *program, char *const arguments[], int channel, char *message, size_t capacity) {
    message[0] = 0;
    int errors[2];
    if (pipe2(errors, O_CLOEXEC) != 0) return -errno;
    errors[1] = move_up(errors[1]);
    pid_t child;
    int error = start_helper(&child, program, arguments, channel, errors[1]);
    close(errors[1]);
    if (error == 0) read_message(errors[0], message, capacity);
    close(errors[0]);
    if (error != 0) return -error;
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno == EINTR) continue;
        // If SIGCHLD is ignored, the kernel does not say how the child ended. It writes nothing if
        // all went well.
        return errno == ECHILD && message[0] == 0 ? 0 : -EIO;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

int32_t bpio_fusermount(
    const char *program, const char *options, const char *target, char *message,
    size_t capacity) {
    message[0] = 0;
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return -errno;
    sockets[1] = move_up(sockets[1]);
    char *const arguments[] = {
        (char *)program, "-o", (char *)options, "--", (char *)target, NULL};
    int result = run_helper(program, arguments, sockets[1], message, capacity);
    close(sockets[1]);
    if (result == 0) result = receive_descriptor(sockets[0]);
    close(sockets[0]);
    return result;
}

int32_t bpio_fusermount_unmount(
    const char *program, const char *target, int32_t lazily, char *message, size_t capacity) {
    char *const arguments[] = {
        (char *)program, lazily ? "-uz" : "-u", "--", (char *)target, NULL};
    return run_helper(program, arguments, -1, message, capacity);
}

// ---- a service in the background ----

int32_t bpio_spawn_service(char *const *arguments, int32_t ready, const char *setting) {
    // By its own path, because ps(1) takes the name from it.
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0) return -errno;
    program[length] = 0;
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return -ENOMEM;
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    int error = posix_spawn_file_actions_addopen(
        &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    int moved = fcntl(ready, F_DUPFD_CLOEXEC, 10);
    if (moved < 0) error = errno;
    if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, moved, COMMUNICATION_FD);
    char **environment = environment_with((char *)setting);
    if (!environment) error = ENOMEM;
    pid_t child = 0;
    if (error == 0)
        error = posix_spawn(
            &child, program, &actions, &attributes, arguments, environment);
    free(environment);
    if (moved >= 0) close(moved);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? child : -error;
}

int32_t bpio_wait_for(int32_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
