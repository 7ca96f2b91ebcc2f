#define _GNU_SOURCE
#include "recovery_table.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// The keeper is made by clone(2), not by exec: a program that is run gets descriptors of its own.
// It may have been made while other threads had locks, so it calls the kernel and nothing else.

extern char **environ;

enum {
    close_range_on_exec = 1 << 2,
    look_interval = 5, // milliseconds
    most_early_deaths = 10,
};

struct keeper {
    struct bpio_table *table;
    const struct bpio_table *former;
    char *const *arguments;
    // Of the environment, with room for one more and the end.
    char **environment;
    const char *variable;
    int64_t patience;
    int process;
    struct timespec start;
};

static int64_t milliseconds_since(const struct timespec *start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static void pause_for(int64_t milliseconds) {
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

// What a successor goes on with; all else is closed when its program begins.
static void pass_on(int descriptor) {
    if (descriptor > STDERR_FILENO) fcntl(descriptor, F_SETFD, 0);
}

static void pass_all_on(const struct bpio_table *table) {
    syscall(SYS_close_range, 3, ~0U, close_range_on_exec);
    pass_on((int)bpio_table_word(table, BPIO_TABLE_DEVICE));
    pass_on((int)bpio_table_word(table, BPIO_TABLE_PORT));
    pass_on((int)bpio_table_word(table, BPIO_TABLE_UNMOUNTER));
    pass_on((int)bpio_table_word(table, BPIO_TABLE_GROUP));
    pass_on((int)bpio_table_word(table, BPIO_TABLE_CHANNEL));
    pass_on(table->descriptor);
    uint32_t doors = bpio_table_door_count(table);
    for (uint32_t number = 0; number < doors; number++) {
        const struct bpio_table_door *door = &table->memory->doors[number];
        if (door->state != 0) {
            pass_on((int)number);
            pass_on(door->unwatched);
        }
        if (table->memory->reads[number].state != 0) pass_on((int)number);
    }
    uint32_t handles = bpio_table_handle_count(table);
    for (uint32_t place = 0; place < handles; place++) {
        const struct bpio_table_handle *handle = &table->memory->handles[place];
        if (handle->state != 0) pass_on(handle->descriptor);
    }
    uint32_t nodes = bpio_table_node_count(table);
    for (uint32_t place = 1; place < nodes; place++) {
        const struct bpio_table_node *node = &table->memory->nodes[place];
        if ((node->state & BPIO_NODE_IS_THERE) != 0 && node->held != 0)
            pass_on((int)node->held - 1);
    }
}

// The place of this program, where an upgrade puts the next.
static void find_program(char *program, size_t capacity) {
    static const char gone[] = " (deleted)";
    ssize_t length = readlink("/proc/self/exe", program, capacity - 1);
    program[length < 0 ? 0 : length] = 0;
    size_t tail = sizeof gone - 1;
    size_t count = length < 0 ? 0 : (size_t)length;
    if (count > tail && strcmp(program + count - tail, gone) == 0) program[count - tail] = 0;
    if (access(program, X_OK) != 0) strcpy(program, "/proc/self/exe");
}

// Whether the kernel is to spare this process when memory is short, from -1000 (yes) to 1000.
static const char *const out_of_memory = "/proc/self/oom_score_adj";
static char usual_score[16];

static void spare(const char *score) {
    int file = open(out_of_memory, O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    // Refused without CAP_SYS_RESOURCE; then it is chosen as any other process of its size.
    ssize_t written = write(file, score, strlen(score));
    (void)written;
    close(file);
}

static void begin_successor(const struct keeper *keeper, pid_t parent) {
    spare(usual_score);
    pass_all_on(keeper->table);
    static char setting[256];
    snprintf(
        setting, sizeof setting, "%s=%d,%d", keeper->variable, keeper->table->descriptor,
        (int)parent);
    size_t name = strlen(keeper->variable) + 1;
    size_t at = 0;
    while (keeper->environment[at] && strncmp(keeper->environment[at], setting, name) != 0) at++;
    keeper->environment[at] = setting;
    static char program[4096];
    find_program(program, sizeof program);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(program, keeper->arguments, keeper->environment);
    _exit(127);
}

// The kernel has the connection yet.
static int is_connected(const struct bpio_table *table) {
    struct pollfd device = {.fd = (int)bpio_table_word(table, BPIO_TABLE_DEVICE)};
    return poll(&device, 1, 0) == 0;
}

static int is_taken(const struct bpio_table *table) {
    return bpio_table_word(table, BPIO_TABLE_IS_TAKEN) != 0;
}

// Whether one has taken over, within the time that is left.
static int start_successor(const struct keeper *keeper, const struct timespec *death) {
    pid_t own = (pid_t)syscall(SYS_getpid);
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0) begin_successor(keeper, own);
    if (child < 0) return 0;
    while (1) {
        if (is_taken(keeper->table)) return 1;
        if (waitpid(child, NULL, WNOHANG) == child) return is_taken(keeper->table);
        if (milliseconds_since(death) > keeper->patience) {
            kill(child, SIGKILL);
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
            return is_taken(keeper->table);
        }
        pause_for(look_interval);
    }
}

static int may_recover(const struct keeper *keeper) {
    struct bpio_table *table = keeper->table;
    if (bpio_table_word(table, BPIO_TABLE_IS_OVER) != 0) return 0;
    // The service before this one is in charge, or its keeper.
    if (keeper->former && !is_taken(keeper->former)) return 0;
    if (bpio_table_word(table, BPIO_TABLE_IS_INCOMPLETE) != 0) return 0;
    uint64_t early = bpio_table_word(table, BPIO_TABLE_EARLY_DEATHS);
    early = milliseconds_since(&keeper->start) < 1000 ? early + 1 : 0;
    bpio_table_set_word(table, BPIO_TABLE_EARLY_DEATHS, early);
    return early < most_early_deaths && is_connected(table);
}

static void keep(const struct keeper *keeper) {
    struct pollfd end = {.fd = keeper->process, .events = POLLIN};
    while (poll(&end, 1, -1) < 0 && errno == EINTR) {}
    struct timespec death, now;
    clock_gettime(CLOCK_MONOTONIC, &death);
    clock_gettime(CLOCK_REALTIME, &now);
    bpio_table_set_word(
        keeper->table, BPIO_TABLE_DEATH, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
    if (!may_recover(keeper)) return;
    int64_t patience = 50;
    while (!start_successor(keeper, &death)) {
        if (milliseconds_since(&death) + patience > keeper->patience) return;
        if (!is_connected(keeper->table)) return;
        pause_for(patience);
        patience = patience < 1000 ? 2 * patience : patience;
    }
}

static void settle(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_NAME, "bypassio-keeper");
    syscall(SYS_setsid);
    int file = open(out_of_memory, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t length = read(file, usual_score, sizeof usual_score - 1);
    close(file);
    if (length > 0) spare("-1000");
}

static char **environment_copy(void) {
    size_t count = 0;
    while (environ[count]) count++;
    char **copy = calloc(count + 2, sizeof *copy);
    if (copy) memcpy(copy, environ, count * sizeof *copy);
    return copy;
}

int32_t bpio_keeper_start(
    struct bpio_table *table, const struct bpio_table *former, char *const *arguments,
    const char *variable, int64_t patience) {
    struct keeper keeper = {
        .table = table, .former = former, .arguments = arguments, .variable = variable,
        .patience = patience};
    keeper.environment = environment_copy();
    if (!keeper.environment) return -ENOMEM;
    keeper.process = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (keeper.process < 0) {
        int error = errno;
        free(keeper.environment);
        return -error;
    }
    clock_gettime(CLOCK_MONOTONIC, &keeper.start);
    long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0) {
        settle();
        keep(&keeper);
        syscall(SYS_exit_group, 0);
    }
    int error = errno;
    free(keeper.environment);
    if (child < 0) {
        close(keeper.process);
        return -error;
    }
    return (int32_t)child;
}

#endif
