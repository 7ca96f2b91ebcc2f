#define _GNU_SOURCE
#include "CPosixCalls.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Debian 12's headers do not name these calls; the numbers are the same on every architecture.
#define NR_OPEN_TREE 428
#define NR_MOVE_MOUNT 429
#define NR_MOUNT_SETATTR 442

struct mount_attributes {
    uint64_t set, clear, propagation, namespace;
};

static int write_map(
    pid_t child, const char *name, uint32_t inside, uint32_t outside, uint32_t count)
{
    char path[64], line[64];
    snprintf(path, sizeof path, "/proc/%d/%s", child, name);
    int length = snprintf(line, sizeof line, "%u %u %u\n", inside, outside, count);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int result = write(fd, line, (size_t)length) == length ? 0 : -errno;
    close(fd);
    return result;
}

// Makes a user namespace with one range of users and groups; a child keeps it as long as it is
// needed.
static int open_namespace(uint32_t inside, uint32_t outside, uint32_t count)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) < 0) return -errno;
    pid_t child = fork();
    if (child < 0) return -errno;
    if (child == 0) {
        char byte = unshare(CLONE_NEWUSER) == 0;
        if (write(ready[1], &byte, 1) == 1) pause();
        _exit(0);
    }
    char byte = 0;
    int result = read(ready[0], &byte, 1) == 1 && byte ? 0 : -EPERM;
    if (result == 0) result = write_map(child, "uid_map", inside, outside, count);
    if (result == 0) result = write_map(child, "gid_map", inside, outside, count);
    if (result == 0) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/ns/user", child);
        result = open(path, O_RDONLY | O_CLOEXEC);
        if (result < 0) result = -errno;
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ready[0]);
    close(ready[1]);
    return result;
}

int64_t call_mount_idmapped(
    const char *source, const char *target, uint32_t inside, uint32_t outside, uint32_t count)
{
    int namespace = open_namespace(inside, outside, count);
    if (namespace < 0) return namespace;
    // OPEN_TREE_CLONE; MOUNT_ATTR_IDMAP; MOVE_MOUNT_F_EMPTY_PATH.
    long tree = syscall(NR_OPEN_TREE, AT_FDCWD, source, 1 | O_CLOEXEC);
    int64_t result = tree < 0 ? -errno : 0;
    if (tree >= 0) {
        struct mount_attributes attributes = {.set = 0x00100000, .namespace = (uint64_t)namespace};
        if (syscall(NR_MOUNT_SETATTR, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0
            || syscall(NR_MOVE_MOUNT, tree, "", AT_FDCWD, target, 4) < 0)
            result = -errno;
        close((int)tree);
    }
    close(namespace);
    return result;
}

#endif
