#define _GNU_SOURCE
#include "CPosixCalls.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
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

int64_t call_fork(void) { ANSWER(fork()); }

int64_t call_fix_addresses(char *const *arguments) {
    int now = personality(0xFFFFFFFF);
    if (now == -1) return -errno;
    if ((now & ADDR_NO_RANDOMIZE) && getenv("SWIFT_DETERMINISTIC_HASHING")) return 0;
    if (personality(now | ADDR_NO_RANDOMIZE) == -1) return -errno;
    if (setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1) != 0) return -errno;
    ANSWER(execv("/proc/self/exe", arguments));
}

int64_t call_own_working_directory(void) { ANSWER(unshare(CLONE_FS)); }

// glibc changes the credentials of every thread; the kernel's calls change those of one thread.
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

enum { most_words = 256, most_variables = 1024 };

static void split(const char *text, int count, char **out) {
    for (int i = 0; i < count; i++) {
        out[i] = (char *)text;
        text += strlen(text) + 1;
    }
    out[count] = NULL;
}

int64_t call_spawn(
    const char *words, int word_count, const char *variables, int variable_count,
    const char *folder, int input, int output, int errors) {
    char *arguments[most_words + 1], *environment[most_variables + 1];
    if (word_count < 1 || word_count > most_words || variable_count > most_variables)
        return -E2BIG;
    split(words, word_count, arguments);
    split(variables, variable_count, environment);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    if (input >= 0)
        posix_spawn_file_actions_adddup2(&files, input, 0);
    else
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, 1);
    posix_spawn_file_actions_adddup2(&files, errors, 2);
    // Descriptors of other tests must not count against a program's limit.
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    if (folder != NULL) posix_spawn_file_actions_addchdir_np(&files, folder);
    pid_t process = 0;
    int code = posix_spawn(&process, arguments[0], &files, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return code != 0 ? -code : process;
}

int64_t call_start_heir(const char *script) {
    int ends[2];
    // A socket, because a write to a pipe without a reader raises a signal. No child inherits this
    // end: the shell must see it close when this process ends, whatever children still run.
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
    char *arguments[] = {"sh", "-c", (char *)script, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    // Keeps the shell out of the group that the terminal's signals reach.
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_adddup2(&files, ends[1], 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    pid_t process = 0;
    int code = posix_spawn(&process, "/bin/sh", &files, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    if (code == 0) return ends[0];
    close(ends[0]);
    return -code;
}

int64_t call_tell(int socket, const char *text, size_t count) {
    ANSWER(send(socket, text, count, MSG_NOSIGNAL));
}

int64_t call_ended(int64_t process, int32_t *code) {
    int status = 0;
    pid_t answer = waitpid((pid_t)process, &status, WNOHANG);
    if (answer < 0) return -errno;
    if (answer == 0) return 0;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return 1;
}

static const struct {
    const char *name;
    long number;
} numbers[] = {
    {"add_key", SYS_add_key},
    {"bpf", SYS_bpf},
    {"chroot", SYS_chroot},
    {"clock_settime", SYS_clock_settime},
    {"delete_module", SYS_delete_module},
    {"fsconfig", SYS_fsconfig},
    {"fsmount", SYS_fsmount},
    {"fsopen", SYS_fsopen},
    {"fspick", SYS_fspick},
    {"geteuid", SYS_geteuid},
    {"getpid", SYS_getpid},
    {"gettid", SYS_gettid},
    {"init_module", SYS_init_module},
    {"kexec_load", SYS_kexec_load},
    {"keyctl", SYS_keyctl},
    {"mount", SYS_mount},
    {"move_mount", SYS_move_mount},
    {"perf_event_open", SYS_perf_event_open},
    {"personality", SYS_personality},
    {"pidfd_getfd", SYS_pidfd_getfd},
    {"pivot_root", SYS_pivot_root},
    {"process_vm_readv", SYS_process_vm_readv},
    {"process_vm_writev", SYS_process_vm_writev},
    {"ptrace", SYS_ptrace},
    {"quotactl", SYS_quotactl},
    {"reboot", SYS_reboot},
    {"request_key", SYS_request_key},
    {"sched_yield", SYS_sched_yield},
    {"sethostname", SYS_sethostname},
    {"setns", SYS_setns},
    {"settimeofday", SYS_settimeofday},
    {"setuid", SYS_setuid},
    {"socket", SYS_socket},
    {"swapoff", SYS_swapoff},
    {"swapon", SYS_swapon},
    {"syslog", SYS_syslog},
    {"umount2", SYS_umount2},
    {"unshare", SYS_unshare},
    {"userfaultfd", SYS_userfaultfd},
};

int64_t call_number(const char *name) {
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(numbers[i].name, name) == 0) return numbers[i].number;
    return -1;
}

int64_t call_hardened(
    int32_t (*first)(void), int32_t (*second)(void), int64_t number, int64_t argument) {
    int64_t *answer = mmap(
        NULL, sizeof *answer, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (answer == MAP_FAILED) return -errno;
    *answer = -EIO;
    pid_t child = fork();
    if (child == 0) {
        int32_t result = first();
        if (result >= 0 && second) result = second();
        if (result < 0) {
            *answer = result - 1000;
            _exit(1);
        }
        long made = syscall(number, argument, 0, 0, 0, 0, 0);
        *answer = made < 0 ? -errno : 0;
        _exit(0);
    }
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    int64_t result = child < 0 ? -errno : *answer;
    munmap(answer, sizeof *answer);
    return result;
}

int64_t call_signal_group(int64_t process, int signal) {
    if (process <= 1) return -ESRCH;
    ANSWER(kill(-(pid_t)process, signal));
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

int64_t call_step(
    void (*body)(void *), void *context, int (*check)(void *), void *other) {
    pid_t child = fork();
    if (child < 0) return -errno;
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(1);
        raise(SIGSTOP);
        body(context);
        _exit(0);
    }
    int64_t steps = 0;
    int status;
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        if (!check(other)) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return -steps - 1;
        }
        steps++;
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0) break;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? steps : 0;
}

#endif
