#define _GNU_SOURCE
#include "watch.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <linux/fanotify.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHECK(condition) _Static_assert(condition, #condition)

// Debian 12 has the headers of Linux 6.1, which know all of this.
CHECK(BPIO_WATCH_MODIFY == FAN_MODIFY);
CHECK(BPIO_WATCH_ATTRIB == FAN_ATTRIB);
CHECK(BPIO_WATCH_CLOSE_WRITE == FAN_CLOSE_WRITE);
CHECK(BPIO_WATCH_MOVED_FROM == FAN_MOVED_FROM);
CHECK(BPIO_WATCH_MOVED_TO == FAN_MOVED_TO);
CHECK(BPIO_WATCH_CREATE == FAN_CREATE);
CHECK(BPIO_WATCH_DELETE == FAN_DELETE);
CHECK(BPIO_WATCH_OVERFLOW == FAN_Q_OVERFLOW);
CHECK(BPIO_WATCH_ON_DIRECTORY == FAN_ONDIR);
CHECK(BPIO_WATCH_INFO_FILE == FAN_EVENT_INFO_TYPE_FID);
CHECK(BPIO_WATCH_INFO_NAME == FAN_EVENT_INFO_TYPE_DFID_NAME);
CHECK(BPIO_WATCH_INFO_DIRECTORY == FAN_EVENT_INFO_TYPE_DFID);
CHECK(sizeof(struct fanotify_event_metadata) == 24);
CHECK(sizeof(struct fanotify_event_info_fid) == 12);

int32_t bpio_watch_open(void) {
    unsigned flags = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DFID_NAME_TARGET;
    long watch = syscall(SYS_fanotify_init, flags, O_RDONLY | O_CLOEXEC | O_LARGEFILE);
    return watch < 0 ? -errno : (int32_t)watch;
}

int32_t bpio_watch_file_system(int32_t watch, int32_t directory, uint64_t mask) {
    long result = syscall(
        SYS_fanotify_mark, watch, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask, directory, ".");
    return result < 0 ? -errno : 0;
}

int64_t bpio_watch_read(int32_t watch, void *buffer, size_t capacity) {
    ssize_t count = read(watch, buffer, capacity);
    if (count < 0) return errno == EAGAIN ? 0 : -errno;
    return count;
}

int32_t bpio_watch_exception(int32_t descriptor) {
    struct pollfd one = {descriptor, POLLPRI, 0};
    if (poll(&one, 1, 0) < 0) return -errno;
    return (one.revents & (POLLPRI | POLLERR | POLLNVAL)) != 0;
}

int32_t bpio_watch_wait(int32_t first, int32_t second, int32_t milliseconds) {
    struct pollfd descriptors[2] = {{first, POLLIN, 0}, {second, POLLIN, 0}};
    if (poll(descriptors, 2, milliseconds) < 0) return -errno;
    return (descriptors[0].revents != 0) | (descriptors[1].revents != 0) << 1;
}

int32_t bpio_file_handle(int32_t file, void *handle, size_t capacity, int32_t *type) {
    struct {
        uint32_t length;
        int32_t type;
        unsigned char bytes[128];
    } buffer = {.length = sizeof buffer.bytes};
    int mount = 0;
    if (syscall(SYS_name_to_handle_at, file, "", &buffer, &mount, AT_EMPTY_PATH) < 0) return -errno;
    if (buffer.length > capacity) return -EOVERFLOW;
    memcpy(handle, buffer.bytes, buffer.length);
    *type = buffer.type;
    return (int32_t)buffer.length;
}

int32_t bpio_open_file_handle(
    int32_t directory, const void *handle, size_t length, int32_t type, int32_t flags) {
    struct {
        uint32_t length;
        int32_t type;
        unsigned char bytes[128];
    } buffer = {.length = (uint32_t)length, .type = type};
    if (length > sizeof buffer.bytes) return -EINVAL;
    memcpy(buffer.bytes, handle, length);
    long file = syscall(SYS_open_by_handle_at, directory, &buffer, flags | O_CLOEXEC);
    return file < 0 ? -errno : (int32_t)file;
}

// From xfs_fs.h, which is not among the kernel's headers for programs.
struct xfs_request {
    uint64_t *inode;
    int32_t count;
    void *result;
    int32_t *results;
};

struct xfs_status {
    uint64_t inode;
    uint16_t mode, links;
    uint32_t user, group, device;
    int32_t block_size;
    int64_t size;
    struct {
        long seconds;
        int32_t nanoseconds;
    } times[3];
    int64_t blocks;
    uint32_t flags;
    int32_t extent_size, extents;
    uint32_t generation;
    uint16_t project_low, fork_offset, project_high;
    uint16_t sick, checked;
    unsigned char padding[2];
    uint32_t copy_on_write_size, event_mask;
    uint16_t event_state, attribute_extents;
};

CHECK(sizeof(struct xfs_request) == 32);
CHECK(offsetof(struct xfs_status, generation) == 108);
CHECK(sizeof(struct xfs_status) == 136);

int32_t bpio_xfs_generation(int32_t directory, uint64_t inode, uint32_t *generation) {
    struct xfs_status status;
    uint64_t asked = inode;
    int32_t found = 0;
    struct xfs_request request = {&asked, 1, &status, &found};
    memset(&status, 0, sizeof status);
    if (ioctl(directory, _IOWR('X', 102, struct xfs_request), &request) < 0) return -errno;
    if (found < 1 && status.inode != inode) return -ESTALE;
    *generation = status.generation;
    return 0;
}

#endif
