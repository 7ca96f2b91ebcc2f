#define _GNU_SOURCE
#include "programs.h"
#include "recovery_keeper.h"
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
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// The keeper is made by clone(2), not by exec: a program that is run gets descriptors of its own.
// It may have been made while other threads had locks, so it calls the kernel and nothing else.

extern char **environ;

enum {
    look_interval = 5, // milliseconds
    most_early_deaths = 10,
};

struct keeper {
    struct bpio_table *table;
    const struct bpio_table *former;
    char *const *arguments;
    // Of the environment, with room for one more and the end.
    char **environment;
    const struct bpio_keeper_plan *plan;
    int process;
    struct timespec start;
};

// How the last successor ended that did not serve, as waitpid(2) has it; -1: none has ended.
static int last_end = -1;

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
    bpio_close_all_on_exec();
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
        setting, sizeof setting, "%s=%d,%d", keeper->plan->variable, keeper->table->descriptor,
        (int)parent);
    size_t name = strlen(keeper->plan->variable) + 1;
    size_t at = 0;
    while (keeper->environment[at] && strncmp(keeper->environment[at], setting, name) != 0) at++;
    keeper->environment[at] = setting;
    static char program[4096];
    // Nobody is left to hear of an upgrade that is half done.
    bpio_find_program(program, sizeof program, X_OK);
    // Programs wait until it serves. By then it is as usual as this process (PromptThread).
    int usual = getpriority(PRIO_PROCESS, 0);
    if (usual > keeper->plan->niceness) setpriority(PRIO_PROCESS, 0, keeper->plan->niceness);
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
    // Not fork(2): this process has a copy of what the service had mapped. Until its program begins
    // the child runs alone in this memory.
    pid_t child = vfork();
    if (child == 0) begin_successor(keeper, own);
    if (child < 0) return 0;
    while (1) {
        if (is_taken(keeper->table)) return 1;
        if (waitpid(child, &last_end, WNOHANG) == child) return is_taken(keeper->table);
        if (milliseconds_since(death) > keeper->plan->patience) {
            kill(child, SIGKILL);
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
            return is_taken(keeper->table);
        }
        pause_for(look_interval);
    }
}

// NULL: another may take over. An empty text: nobody is to.
static const char *why_not(const struct keeper *keeper) {
    struct bpio_table *table = keeper->table;
    if (bpio_table_word(table, BPIO_TABLE_IS_OVER) != 0) return "";
    // The service before this one is in charge, or its keeper.
    if (keeper->former && !is_taken(keeper->former)) return "";
    if (!is_connected(table)) return "";
    if (bpio_table_word(table, BPIO_TABLE_IS_INCOMPLETE) != 0)
        return "there was no room to write down all that another needs";
    uint64_t early = bpio_table_word(table, BPIO_TABLE_EARLY_DEATHS);
    early = milliseconds_since(&keeper->start) < 1000 ? early + 1 : 0;
    bpio_table_set_word(table, BPIO_TABLE_EARLY_DEATHS, early);
    if (early < most_early_deaths) return NULL;
    return "so did those before it: ten in a row lived for less than a second";
}

static void tell_why(const struct keeper *keeper) {
    static char words[256];
    int64_t seconds = keeper->plan->patience / 1000;
    int length = snprintf(
        words, sizeof words, "no other took over within %lld second%s",
        (long long)seconds, seconds == 1 ? "" : "s");
    if (length < 0) return;
    size_t room = sizeof words - (size_t)length;
    if (last_end != -1 && WIFEXITED(last_end))
        snprintf(
            words + length, room, "; the last that tried ended with exit code %d",
            WEXITSTATUS(last_end));
    else if (last_end != -1 && WIFSIGNALED(last_end))
        snprintf(
            words + length, room, "; the last that tried was ended by signal %d",
            WTERMSIG(last_end));
    bpio_keeper_tell(&keeper->plan->log, words);
}

static void keep(const struct keeper *keeper) {
    struct pollfd end = {.fd = keeper->process, .events = POLLIN};
    while (poll(&end, 1, -1) < 0 && errno == EINTR) {}
    struct timespec death, now;
    clock_gettime(CLOCK_MONOTONIC, &death);
    clock_gettime(CLOCK_REALTIME, &now);
    bpio_table_set_word(
        keeper->table, BPIO_TABLE_DEATH, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
    const char *reason = why_not(keeper);
    if (reason) {
        if (*reason) bpio_keeper_tell(&keeper->plan->log, reason);
        return;
    }
    int64_t pause = 50;
    while (!start_successor(keeper, &death)) {
        if (!is_connected(keeper->table)) return;
        if (milliseconds_since(&death) + pause > keeper->plan->patience) return tell_why(keeper);
        pause_for(pause);
        pause = pause < 1000 ? 2 * pause : pause;
    }
}

static void settle(int niceness) {
    setpriority(PRIO_PROCESS, 0, niceness);
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
    const struct bpio_keeper_plan *plan) {
    struct keeper keeper = {
        .table = table, .former = former, .arguments = arguments, .plan = plan};
    keeper.environment = environment_copy();
    if (!keeper.environment) return -ENOMEM;
    keeper.process = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (keeper.process < 0) {
        int error = errno;
        free(keeper.environment);
        return -error;
    }
    clock_gettime(CLOCK_MONOTONIC, &keeper.start);
    // A successor runs before others for now.
    int niceness = getpriority(PRIO_PROCESS, former ? (id_t)getppid() : 0);
    long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0) {
        settle(niceness);
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
