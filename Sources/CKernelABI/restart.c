#define _GNU_SOURCE
#include "restart.h"

#include "programs.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern char **environ;

int32_t bpio_restart_memory(const char *name) {
    int memory = memfd_create(name, MFD_CLOEXEC);
    return memory < 0 ? -errno : memory;
}

int32_t bpio_restart_close_on_exec(int32_t descriptor) {
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

// The environment with a setting in place of one of the same name. setenv(3) would change that of
// other threads.
static char **environment_with(const char *setting) {
    size_t name = strcspn(setting, "=") + 1;
    size_t count = 0;
    while (environ[count]) count++;
    char **list = malloc((count + 2) * sizeof *list);
    if (!list) return NULL;
    size_t kept = 0;
    for (size_t at = 0; at < count; at++)
        if (strncmp(environ[at], setting, name) != 0) list[kept++] = environ[at];
    list[kept++] = (char *)setting;
    list[kept] = NULL;
    return list;
}

int32_t bpio_restart_start(
    char *const *arguments, const char *setting, const int32_t *descriptors, size_t count) {
    char program[4096];
    bpio_find_program(program, sizeof program, F_OK);
    // Some libraries leave theirs open on exec. They would gather from process to process.
    bpio_close_all_on_exec();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return -error;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    // A duplicate to the same number only takes FD_CLOEXEC away (POSIX, glibc 2.29).
    for (size_t at = 0; at < count && error == 0; at++)
        error = posix_spawn_file_actions_adddup2(&actions, descriptors[at], descriptors[at]);
    char **environment = environment_with(setting);
    if (!environment) error = ENOMEM;
    pid_t child = 0;
    if (error == 0)
        error = posix_spawn(&child, program, &actions, &attributes, arguments, environment);
    free(environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? child : -error;
}

#endif
