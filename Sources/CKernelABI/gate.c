#define _GNU_SOURCE
#include "gate.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <linux/fanotify.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files.h"

#define CHECK(condition) _Static_assert(condition, #condition)

CHECK(BPIO_GATE_OPEN == FAN_OPEN);
CHECK(BPIO_GATE_CLOSE_WRITE == FAN_CLOSE_WRITE);
CHECK(BPIO_GATE_CLOSE_NOWRITE == FAN_CLOSE_NOWRITE);
CHECK(sizeof(struct fanotify_event_metadata) == 24);
CHECK(sizeof(struct fanotify_response) == 8);
// Debian 12 has the headers of Linux 6.1. The event and its range record came with 6.14.
#ifdef FAN_PRE_ACCESS
CHECK(BPIO_GATE_READ == FAN_PRE_ACCESS);
CHECK(BPIO_GATE_INFO_RANGE == FAN_EVENT_INFO_TYPE_RANGE);
#endif

// struct mount_attr (linux/mount.h). Some systems cannot include it beside sys/mount.h.
struct mount_attributes {
    uint64_t set, cleared, propagation, user_namespace;
};
CHECK(sizeof(struct mount_attributes) == 32);

enum {
    open_tree_clone = 1,
    membarrier_global = 1,
    // A denial carries its errno in the topmost byte (FAN_ERRNO_SHIFT).
    errno_shift = 24,
    most_processors = 1 << 16,
};

int32_t bpio_gate_mount(int32_t file, bool leaves_access_time) {
    long tree = syscall(
        SYS_open_tree, file, "", AT_EMPTY_PATH | open_tree_clone | O_CLOEXEC);
    if (tree < 0) return -errno;
    if (!leaves_access_time) return (int32_t)tree;
    // MOUNT_ATTR_NOATIME in place of all of MOUNT_ATTR__ATIME.
    const struct mount_attributes attributes = {.set = 0x10, .cleared = 0x70};
    if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0) {
        int error = errno;
        close((int)tree);
        return -error;
    }
    return (int32_t)tree;
}

int32_t bpio_gate_open_group(void) {
    unsigned flags = FAN_CLASS_PRE_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_TID
        | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS;
    long group = syscall(
        SYS_fanotify_init, flags, O_RDONLY | O_CLOEXEC | O_LARGEFILE | O_NOATIME);
    return group < 0 ? -errno : (int32_t)group;
}

int32_t bpio_gate_mark(int32_t group, int32_t mount, uint64_t added, uint64_t removed) {
    // fanotify_mark takes an O_PATH descriptor only by its path.
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", mount);
    unsigned action = added != 0 ? FAN_MARK_ADD : FAN_MARK_REMOVE;
    uint64_t mask = added != 0 ? added : removed;
    long result = syscall(
        SYS_fanotify_mark, group, action | FAN_MARK_MOUNT, mask, AT_FDCWD, path);
    return result < 0 ? -errno : 0;
}

int32_t bpio_gate_answer(int32_t group, int32_t event_file, int32_t error) {
    struct fanotify_response response = {event_file, FAN_ALLOW};
    if (error != 0) response.response = FAN_DENY | (uint32_t)error << errno_shift;
    return write(group, &response, sizeof response) < 0 ? -errno : 0;
}

int32_t bpio_gate_answer_all(int32_t group, int32_t limit, int32_t error) {
    int32_t answered = 0;
    for (int32_t number = 0; number < limit; number++)
        // Several processes may each have read an event with this number.
        while (bpio_gate_answer(group, number, error) == 0) answered++;
    return answered;
}

int32_t bpio_gate_mount_id(int32_t file, uint64_t *id) {
    const uint32_t unique = 0x00004000U;
    struct bpio_statx status = {0};
    long result = syscall(
        SYS_statx, file, "", AT_EMPTY_PATH | BPIO_AT_STATX_DONT_SYNC, unique, &status);
    if (result < 0) return -errno;
    if (!(status.stx_mask & unique)) return -ENOTSUP;
    *id = status.stx_mnt_id;
    return 0;
}

// The count of processors in use, by the kernel's list of ranges ("0-3,8"); 0 if it cannot be read.
static int processors_in_use(void) {
    FILE *list = fopen("/sys/devices/system/cpu/online", "re");
    if (list == NULL) return 0;
    int count = 0, first, last;
    while (fscanf(list, "%d", &first) == 1) {
        last = first;
        int separator = fgetc(list);
        if (separator == '-') {
            if (fscanf(list, "%d", &last) != 1) break;
            separator = fgetc(list);
        }
        count += last - first + 1;
        if (separator != ',') break;
    }
    fclose(list);
    return count;
}

int32_t bpio_gate_visit_processors(void (*visit)(void *), void *context) {
    size_t size = CPU_ALLOC_SIZE(most_processors);
    cpu_set_t *before = CPU_ALLOC(most_processors);
    cpu_set_t *one = CPU_ALLOC(most_processors);
    cpu_set_t *everywhere = CPU_ALLOC(most_processors);
    int32_t result = -ENOMEM;
    if (before == NULL || one == NULL || everywhere == NULL) goto out;
    result = -ENOTSUP;
    if (sched_getaffinity(0, size, before) < 0) goto out;
    int left = processors_in_use();
    if (left == 0) goto out;
    // A taskset of the program does not bind this thread; a cpuset does.
    for (size_t byte = 0; byte < size; byte++) ((unsigned char *)everywhere)[byte] = 0xff;
    if (sched_setaffinity(0, size, everywhere) < 0) goto out;
    cpu_set_t *open = everywhere;
    if (sched_getaffinity(0, size, open) == 0 && CPU_COUNT_S(size, open) >= left) {
        result = 0;
        for (int cpu = 0; cpu < most_processors && left > 0; cpu++) {
            if (!CPU_ISSET_S(cpu, size, open)) continue;
            CPU_ZERO_S(size, one);
            CPU_SET_S(cpu, size, one);
            if (sched_setaffinity(0, size, one) < 0) result = -ENOTSUP;
            else if (visit != NULL) visit(context);
            left--;
        }
    }
    sched_setaffinity(0, size, before);
out:
    CPU_FREE(before);
    CPU_FREE(one);
    CPU_FREE(everywhere);
    return result;
}

int32_t bpio_gate_wait_for_grace_period(void) {
    return syscall(SYS_membarrier, membarrier_global, 0, 0) < 0 ? -errno : 0;
}

int32_t bpio_gate_read_argument(int64_t call) {
    switch (call) {
    case SYS_read: case SYS_pread64: case SYS_readv: case SYS_preadv: case SYS_preadv2:
    case SYS_splice: case SYS_copy_file_range: return 0;
    case SYS_sendfile: return 1;
    default: return -1;
    }
}

// From fs/ext4/ext4.h; no header for programs has it.
struct move_extent {
    uint32_t reserved;
    uint32_t donor;
    uint64_t start;
    uint64_t donor_start;
    uint64_t count;
    uint64_t moved;
};
CHECK(sizeof(struct move_extent) == 40);

int32_t bpio_gate_wait_ext4(int32_t file, int32_t donor) {
    // The last blocks of the largest possible file.
    struct move_extent move = {.donor = (uint32_t)donor, .donor_start = 0xfffffffeU, .count = 1};
    return ioctl(file, _IOWR('f', 15, struct move_extent), &move) < 0 ? -errno : 0;
}

// struct file_dedupe_range with the single struct file_dedupe_range_info that follows it.
struct dedupe_one {
    uint64_t offset;
    uint64_t length;
    uint16_t count;
    uint16_t reserved[3];
    int64_t file;
    uint64_t file_offset;
    uint64_t deduped;
    int32_t status;
    uint32_t reserved_too;
};
CHECK(offsetof(struct dedupe_one, file) == sizeof(struct file_dedupe_range));
CHECK(sizeof(struct dedupe_one)
      == sizeof(struct file_dedupe_range) + sizeof(struct file_dedupe_range_info));

int32_t bpio_gate_wait_dedupe(int32_t file, int32_t donor, uint64_t length, int32_t *status) {
    struct dedupe_one ask = {.length = length, .count = 1, .file = file};
    if (ioctl(donor, FIDEDUPERANGE, &ask) < 0) return -errno;
    *status = ask.status;
    return 0;
}

#endif
