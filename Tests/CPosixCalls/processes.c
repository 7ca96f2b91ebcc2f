#define _GNU_SOURCE
#include "CPosixCalls.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER(call)                    \
    do {                                \
        int64_t answer_ = (call);       \
        return answer_ < 0 ? -errno : answer_; \
    } while (0)

extern char **environ;

int64_t call_own_working_directory(void) { ANSWER(unshare(CLONE_FS)); }

// glibc changes the credentials of every thread; the kernel's own calls those of one.
int64_t call_set_credentials(
    uint32_t user, uint32_t group, const uint32_t *groups, size_t group_count) {
    if (syscall(SYS_setgroups, group_count, groups) != 0) return -errno;
    if (syscall(SYS_setresgid, group, group, 0) != 0) return -errno;
    ANSWER(syscall(SYS_setresuid, user, user, 0));
}

int64_t call_restore_credentials(void) {
    if (syscall(SYS_setresuid, 0, 0, 0) != 0) return -errno;
    if (syscall(SYS_setresgid, 0, 0, 0) != 0) return -errno;
    ANSWER(syscall(SYS_setgroups, (size_t)0, NULL));
}

int64_t call_start(const char *path, const char *argument) {
    char *arguments[] = {(char *)path, (char *)argument, NULL};
    pid_t process = 0;
    int code = posix_spawn(&process, path, NULL, NULL, arguments, environ);
    return code != 0 ? -code : process;
}

static int64_t end_of(pid_t process) {
    int status = 0;
    while (waitpid(process, &status, 0) < 0) {
        if (errno != EINTR) return -errno;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int64_t call_run(const char *path, const char *argument) {
    int64_t process = call_start(path, argument);
    return process < 0 ? process : end_of((pid_t)process);
}

int64_t call_end_and_wait(int64_t process) {
    if (process <= 0) return -ESRCH;
    kill((pid_t)process, SIGKILL);
    return end_of((pid_t)process);
}

static int64_t socket_at(
    const char *path, int (*join)(int, const struct sockaddr *, socklen_t), int listens) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (join(fd, (const struct sockaddr *)&address, sizeof address) != 0
        || (listens && listen(fd, 1) != 0)) {
        int code = errno;
        close(fd);
        return -code;
    }
    return fd;
}

int64_t call_bind_socket(const char *path) { return socket_at(path, bind, 1); }
int64_t call_connect_socket(const char *path) { return socket_at(path, connect, 0); }

int64_t call_inotify(void) { ANSWER(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)); }
int64_t call_inotify_add(int fd, const char *path, uint32_t mask) {
    ANSWER(inotify_add_watch(fd, path, mask));
}

int64_t call_mount_bind(const char *source, const char *target) {
    ANSWER(mount(source, target, NULL, MS_BIND, NULL));
}

int64_t call_umount(const char *target, int flags) { ANSWER(umount2(target, flags)); }

#endif
