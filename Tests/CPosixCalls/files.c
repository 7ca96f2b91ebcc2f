#define _GNU_SOURCE
#include "CPosixCalls.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define ANSWER(call)                    \
    do {                                \
        int64_t answer_ = (call);       \
        return answer_ < 0 ? -errno : answer_; \
    } while (0)

const struct call_open_flags call_open_flags = {
    .append = O_APPEND,
    .create = O_CREAT,
    .directory = O_DIRECTORY,
    .direct = O_DIRECT,
    .data_sync = O_DSYNC,
    .exclusive = O_EXCL,
    .no_access_time = O_NOATIME,
    .no_follow = O_NOFOLLOW,
    .path = O_PATH,
    .sync = O_SYNC,
    .temporary = O_TMPFILE,
    .truncate = O_TRUNC,
    .nonblocking = O_NONBLOCK,
    .close_on_exec = O_CLOEXEC,
};

int64_t call_open(const char *path, int flags, uint32_t mode) {
    ANSWER(open(path, flags | O_CLOEXEC, mode));
}

int64_t call_openat(int directory, const char *path, int flags, uint32_t mode) {
    ANSWER(openat(directory, path, flags | O_CLOEXEC, mode));
}

int64_t call_openat2(int directory, const char *path, int flags, uint32_t mode, uint64_t resolve) {
    struct open_how how = {
        .flags = (uint64_t)(uint32_t)(flags | O_CLOEXEC), .mode = mode, .resolve = resolve};
    ANSWER(syscall(SYS_openat2, directory, path, &how, sizeof how));
}

int64_t call_close(int fd) { ANSWER(close(fd)); }
int64_t call_dup(int fd) { ANSWER(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

int64_t call_close_own_copy_from(uint32_t first) {
    // 2 = CLOSE_RANGE_UNSHARE
    ANSWER(syscall(SYS_close_range, first, ~0U, 2U));
}

static struct call_time time_of(struct statx_timestamp stamp) {
    return (struct call_time){stamp.tv_sec, stamp.tv_nsec};
}

int64_t call_status(int directory, const char *path, int flags, struct call_status *out) {
    struct statx x;
    memset(&x, 0, sizeof x);
    // 0x1000 = STATX_MNT_ID
    if (statx(directory, path, flags, STATX_BASIC_STATS | STATX_BTIME | 0x1000U, &x) != 0)
        return -errno;
    *out = (struct call_status){
        .mask = x.stx_mask,
        .mode = x.stx_mode,
        .links = x.stx_nlink,
        .user = x.stx_uid,
        .group = x.stx_gid,
        .block_size = x.stx_blksize,
        .device_major = x.stx_dev_major,
        .device_minor = x.stx_dev_minor,
        .inode = x.stx_ino,
        .size = x.stx_size,
        .blocks = x.stx_blocks,
        .attributes = x.stx_attributes,
        .special_major = x.stx_rdev_major,
        .special_minor = x.stx_rdev_minor,
        .accessed = time_of(x.stx_atime),
        .born = time_of(x.stx_btime),
        .changed = time_of(x.stx_ctime),
        .modified = time_of(x.stx_mtime),
    };
    // stx_mnt_id lies behind the device numbers; older headers do not name it.
    memcpy(&out->mount, (const char *)&x.stx_dev_minor + 4, sizeof out->mount);
    return 0;
}

static void volume_of(const struct statfs *s, struct call_volume *out) {
    *out = (struct call_volume){
        .type = (uint32_t)s->f_type,
        .block_size = (uint64_t)s->f_bsize,
        .fragment_size = (uint64_t)s->f_frsize,
        .blocks = s->f_blocks,
        .blocks_free = s->f_bfree,
        .blocks_available = s->f_bavail,
        .files = s->f_files,
        .files_free = s->f_ffree,
        .name_length = (uint64_t)s->f_namelen,
        .flags = (uint64_t)s->f_flags,
    };
}

int64_t call_statfs(const char *path, struct call_volume *out) {
    struct statfs s;
    if (statfs(path, &s) != 0) return -errno;
    volume_of(&s, out);
    return 0;
}

int64_t call_fstatfs(int fd, struct call_volume *out) {
    struct statfs s;
    if (fstatfs(fd, &s) != 0) return -errno;
    volume_of(&s, out);
    return 0;
}

int64_t call_access(const char *path, int mode) { ANSWER(access(path, mode)); }

int64_t call_faccessat2(const char *path, int mode, int flags) {
    ANSWER(syscall(SYS_faccessat2, AT_FDCWD, path, mode, flags));
}

int64_t call_readlink(const char *path, void *buffer, size_t capacity) {
    ANSWER(readlink(path, buffer, capacity));
}

int64_t call_getdents(int fd, void *buffer, size_t capacity) {
    ANSWER(syscall(SYS_getdents64, fd, buffer, capacity));
}

int64_t call_name_to_handle(const char *path, void *handle) {
    struct file_handle *h = handle;
    int mount = 0;
    h->handle_bytes = MAX_HANDLE_SZ;
    ANSWER(name_to_handle_at(AT_FDCWD, path, h, &mount, 0));
}

int64_t call_open_by_handle(int mount, void *handle, int flags) {
    ANSWER(open_by_handle_at(mount, handle, flags | O_CLOEXEC));
}

int64_t call_mkdir(const char *path, uint32_t mode) { ANSWER(mkdir(path, mode)); }
int64_t call_rmdir(const char *path) { ANSWER(rmdir(path)); }
int64_t call_unlink(const char *path) { ANSWER(unlink(path)); }

int64_t call_unlinkat(int directory, const char *path, int flags) {
    ANSWER(unlinkat(directory, path, flags));
}

int64_t call_link(const char *from, const char *to, int flags) {
    ANSWER(linkat(AT_FDCWD, from, AT_FDCWD, to, flags));
}

int64_t call_link_descriptor(int fd, const char *to) {
    ANSWER(linkat(fd, "", AT_FDCWD, to, AT_EMPTY_PATH));
}

int64_t call_symlink(const char *target, const char *path) { ANSWER(symlink(target, path)); }

int64_t call_rename(const char *from, const char *to, uint32_t flags) {
    ANSWER(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags));
}

int64_t call_mknod(const char *path, uint32_t mode, uint32_t major_, uint32_t minor_) {
    ANSWER(mknod(path, mode, makedev(major_, minor_)));
}

int64_t call_chmod(const char *path, uint32_t mode) { ANSWER(chmod(path, mode)); }
int64_t call_fchmod(int fd, uint32_t mode) { ANSWER(fchmod(fd, mode)); }

int64_t call_fchmodat2(const char *path, uint32_t mode, int flags) {
    // 452 = fchmodat2 on every architecture, Linux 6.6
    ANSWER(syscall(452, AT_FDCWD, path, mode, flags));
}

int64_t call_chown(const char *path, uint32_t user, uint32_t group) {
    ANSWER(chown(path, user, group));
}

int64_t call_lchown(const char *path, uint32_t user, uint32_t group) {
    ANSWER(lchown(path, user, group));
}

int64_t call_fchown(int fd, uint32_t user, uint32_t group) { ANSWER(fchown(fd, user, group)); }

static const struct timespec *times_of(const struct call_time *times, struct timespec out[2]) {
    if (times == NULL) return NULL;
    for (int i = 0; i < 2; i++) {
        out[i].tv_sec = times[i].seconds;
        out[i].tv_nsec = times[i].nanoseconds;
    }
    return out;
}

int64_t call_utimens(const char *path, const struct call_time *times, int flags) {
    struct timespec both[2];
    ANSWER(utimensat(AT_FDCWD, path, times_of(times, both), flags));
}

int64_t call_futimens(int fd, const struct call_time *times) {
    struct timespec both[2];
    ANSWER(futimens(fd, times_of(times, both)));
}

int64_t call_chdir(const char *path) { ANSWER(chdir(path)); }
int64_t call_fchdir(int fd) { ANSWER(fchdir(fd)); }
int64_t call_getcwd(void *buffer, size_t capacity) {
    ANSWER(syscall(SYS_getcwd, buffer, capacity));
}
int64_t call_umask(uint32_t mask) { return (int64_t)umask(mask); }

int64_t call_setxattr(
    const char *path, const char *name, const void *value, size_t size, int flags) {
    ANSWER(setxattr(path, name, value, size, flags));
}

int64_t call_lsetxattr(
    const char *path, const char *name, const void *value, size_t size, int flags) {
    ANSWER(lsetxattr(path, name, value, size, flags));
}

int64_t call_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags) {
    ANSWER(fsetxattr(fd, name, value, size, flags));
}

int64_t call_getxattr(const char *path, const char *name, void *value, size_t capacity) {
    ANSWER(getxattr(path, name, value, capacity));
}

int64_t call_lgetxattr(const char *path, const char *name, void *value, size_t capacity) {
    ANSWER(lgetxattr(path, name, value, capacity));
}

int64_t call_fgetxattr(int fd, const char *name, void *value, size_t capacity) {
    ANSWER(fgetxattr(fd, name, value, capacity));
}

int64_t call_listxattr(const char *path, void *list, size_t capacity) {
    ANSWER(listxattr(path, list, capacity));
}

int64_t call_llistxattr(const char *path, void *list, size_t capacity) {
    ANSWER(llistxattr(path, list, capacity));
}

int64_t call_removexattr(const char *path, const char *name) { ANSWER(removexattr(path, name)); }
int64_t call_lremovexattr(const char *path, const char *name) { ANSWER(lremovexattr(path, name)); }

uint64_t call_hash(const void *bytes, size_t count) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < count; i++) hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return hash;
}

size_t call_run_length(const void *bytes, size_t count) {
    const uint8_t *b = bytes;
    size_t length = count > 0;
    while (length < count && b[length] == b[0]) length++;
    return length;
}

void call_fill(void *bytes, size_t count, uint64_t seed) {
    uint8_t *b = bytes;
    while (count > 0) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t part = count < sizeof seed ? count : sizeof seed;
        memcpy(b, &seed, part);
        b += part;
        count -= part;
    }
}

void call_clear(void *bytes, size_t count) { memset(bytes, 0, count); }

int64_t call_first_difference(const void *one, const void *other, size_t count) {
    if (memcmp(one, other, count) == 0) return -1;
    const uint8_t *a = one, *b = other;
    size_t i = 0;
    while (a[i] == b[i]) i++;
    return (int64_t)i;
}

void call_copy_bytes(void *to, const void *from, size_t count) { memcpy(to, from, count); }

int64_t call_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const char *call_errno_name(int code) {
    static _Thread_local char unnamed[32];
    const char *name = strerrorname_np(code);
    if (name != NULL) return name;
    snprintf(unnamed, sizeof unnamed, "errno %d", code);
    return unnamed;
}

#endif
