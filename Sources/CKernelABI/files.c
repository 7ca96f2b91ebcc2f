#define _GNU_SOURCE
#include "files.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

// System-call numbers newer than Debian 12's headers; the same on every architecture.
#define BPIO_NR_OPENAT2 437
#define BPIO_NR_CACHESTAT 451
#define BPIO_NR_FCHMODAT2 452

#define CHECK(condition) _Static_assert(condition, #condition)

CHECK(BPIO_O_DIRECT == O_DIRECT);
CHECK(BPIO_O_DIRECTORY == O_DIRECTORY);
CHECK(BPIO_O_NOFOLLOW == O_NOFOLLOW);
CHECK(BPIO_O_CREAT == O_CREAT);
CHECK(BPIO_O_EXCL == O_EXCL);
CHECK(BPIO_O_TRUNC == O_TRUNC);
CHECK(BPIO_O_APPEND == O_APPEND);
CHECK(BPIO_O_NONBLOCK == O_NONBLOCK);
CHECK(BPIO_O_DSYNC == O_DSYNC);
CHECK(BPIO_O_SYNC == O_SYNC);
CHECK(BPIO_O_NOATIME == O_NOATIME);
CHECK(BPIO_O_CLOEXEC == O_CLOEXEC);
CHECK(BPIO_O_PATH == O_PATH);
CHECK(BPIO_O_TMPFILE == O_TMPFILE);
CHECK(BPIO_AT_FDCWD == AT_FDCWD);
CHECK(BPIO_AT_SYMLINK_NOFOLLOW == AT_SYMLINK_NOFOLLOW);
CHECK(BPIO_AT_REMOVEDIR == AT_REMOVEDIR);
CHECK(BPIO_AT_SYMLINK_FOLLOW == AT_SYMLINK_FOLLOW);
CHECK(BPIO_AT_EMPTY_PATH == AT_EMPTY_PATH);
CHECK(BPIO_UTIME_NOW == UTIME_NOW);
CHECK(BPIO_UTIME_OMIT == UTIME_OMIT);
CHECK(BPIO_SEEK_DATA == SEEK_DATA);
CHECK(BPIO_SEEK_HOLE == SEEK_HOLE);
CHECK(BPIO_RENAME_NOREPLACE == RENAME_NOREPLACE);
CHECK(BPIO_RENAME_EXCHANGE == RENAME_EXCHANGE);
CHECK(BPIO_LOCK_READ == F_RDLCK);
CHECK(BPIO_LOCK_WRITE == F_WRLCK);
CHECK(BPIO_LOCK_NONE == F_UNLCK);

CHECK(sizeof(struct bpio_open_how) == 24);
CHECK(sizeof(struct bpio_statx_timestamp) == 16);
CHECK(sizeof(struct bpio_statx) == 256);
CHECK(offsetof(struct bpio_statx, stx_ino) == 0x20);
CHECK(offsetof(struct bpio_statx, stx_attributes_mask) == 0x38);
CHECK(offsetof(struct bpio_statx, stx_mtime) == 0x70);
CHECK(offsetof(struct bpio_statx, stx_dev_major) == 0x88);
CHECK(offsetof(struct bpio_statx, stx_mnt_id) == 0x90);
CHECK(offsetof(struct bpio_statx, stx_dio_mem_align) == 0x98);
CHECK(offsetof(struct bpio_statx, stx_dio_offset_align) == 0x9c);
CHECK(offsetof(struct bpio_statx, stx_subvol) == 0xa0);
CHECK(offsetof(struct bpio_statx, stx_dio_read_offset_align) == 0xb4);
CHECK(offsetof(struct bpio_statx, stx_atomic_write_unit_max_opt) == 0xb8);
CHECK(sizeof(struct bpio_fsxattr) == sizeof(struct fsxattr));
CHECK(sizeof(struct bpio_fsxattr) == 28);
CHECK(sizeof(struct bpio_fiemap_extent) == sizeof(struct fiemap_extent));
CHECK(sizeof(struct bpio_fiemap_extent) == 56);
CHECK(offsetof(struct bpio_fiemap_extent, fe_flags) == 40);
CHECK(offsetof(struct bpio_fiemap_request, fm_extents) == sizeof(struct fiemap));
CHECK(offsetof(struct bpio_fiemap_request, fm_extents) == 32);
CHECK(sizeof(struct bpio_cachestat_range) == 16);
CHECK(sizeof(struct bpio_cachestat) == 40);

static inline int64_t checked(int64_t result) { return result < 0 ? -(int64_t)errno : result; }

int bpio_openat(int directory, const char *path, int flags, uint32_t mode)
{
    return (int)checked(openat(directory, path, flags, (mode_t)mode));
}

int bpio_reopen(int links, int descriptor, int flags)
{
    char name[12];
    char *digit = name + sizeof name - 1;
    *digit = 0;
    if (descriptor < 0) return -EBADF;
    unsigned number = (unsigned)descriptor;
    do *--digit = (char)('0' + number % 10);
    while (number /= 10);
    return (int)checked(openat(links, digit, flags));
}

int bpio_openat2(int directory, const char *path, const struct bpio_open_how *how)
{
    return (int)checked(syscall(BPIO_NR_OPENAT2, directory, path, how, sizeof(*how)));
}

int bpio_close(int fd) { return (int)checked(close(fd)); }

int bpio_duplicate(int fd) { return (int)checked(fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

int bpio_replace(int fd, int by) {
    long result;
    // Not repeated for EBUSY: that means that another thread is opening a file with that number,
    // which must not happen.
    do result = dup3(by, fd, O_CLOEXEC);
    while (result < 0 && errno == EINTR);
    return (int)checked(result);
}

int bpio_status_flags(int fd) { return (int)checked(fcntl(fd, F_GETFL)); }

int bpio_set_status_flags(int fd, int flags) { return (int)checked(fcntl(fd, F_SETFL, flags)); }

int bpio_statx_at(
    int directory, const char *path, int flags, uint32_t mask, struct bpio_statx *out)
{
    memset(out, 0, sizeof(*out));
    return (int)checked(syscall(SYS_statx, directory, path, flags, mask, out));
}

static int copy_statfs(int result, const struct statfs *from, struct bpio_statfs *out)
{
    if (result < 0) return -errno;
    out->type = (uint64_t)from->f_type & 0xffffffffu;
    out->block_size = (uint64_t)from->f_bsize;
    out->fragment_size = (uint64_t)from->f_frsize;
    out->blocks = from->f_blocks;
    out->blocks_free = from->f_bfree;
    out->blocks_available = from->f_bavail;
    out->files = from->f_files;
    out->files_free = from->f_ffree;
    memcpy(&out->identifier, &from->f_fsid, sizeof(out->identifier));
    out->name_length = (uint64_t)from->f_namelen;
    out->flags = (uint64_t)from->f_flags;
    return 0;
}

int bpio_statfs_at(const char *path, struct bpio_statfs *out)
{
    struct statfs from;
    return copy_statfs(statfs(path, &from), &from, out);
}

int bpio_fstatfs(int fd, struct bpio_statfs *out)
{
    struct statfs from;
    return copy_statfs(fstatfs(fd, &from), &from, out);
}

int bpio_accessat(int directory, const char *path, int mode, int flags)
{
    return (int)checked(faccessat(directory, path, mode, flags));
}

int64_t bpio_getdents64(int fd, void *buffer, size_t capacity)
{
    return checked(syscall(SYS_getdents64, fd, buffer, capacity));
}

int64_t bpio_readlinkat(int directory, const char *path, void *buffer, size_t capacity)
{
    return checked(readlinkat(directory, path, buffer, capacity));
}

int bpio_mkdirat(int directory, const char *path, uint32_t mode)
{
    return (int)checked(mkdirat(directory, path, (mode_t)mode));
}

int bpio_mknodat(
    int directory, const char *path, uint32_t mode, uint32_t device_major, uint32_t device_minor)
{
    return (int)checked(
        mknodat(directory, path, (mode_t)mode, makedev(device_major, device_minor)));
}

int bpio_unlinkat(int directory, const char *path, int flags)
{
    return (int)checked(unlinkat(directory, path, flags));
}

int bpio_linkat(
    int old_directory, const char *old_path, int new_directory, const char *new_path, int flags)
{
    return (int)checked(linkat(old_directory, old_path, new_directory, new_path, flags));
}

int bpio_symlinkat(const char *target, int directory, const char *path)
{
    return (int)checked(symlinkat(target, directory, path));
}

int bpio_renameat2(
    int old_directory, const char *old_path, int new_directory, const char *new_path,
    uint32_t flags)
{
    return (int)checked(
        syscall(SYS_renameat2, old_directory, old_path, new_directory, new_path, flags));
}

int bpio_fchmod(int fd, uint32_t mode) { return (int)checked(fchmod(fd, (mode_t)mode)); }

int bpio_chmod(const char *path, uint32_t mode)
{
    return (int)checked(chmod(path, (mode_t)mode));
}

int bpio_fchmodat2(int directory, const char *path, uint32_t mode, int flags)
{
    return (int)checked(syscall(BPIO_NR_FCHMODAT2, directory, path, mode, flags));
}

int bpio_fchownat(int directory, const char *path, uint32_t user, uint32_t group, int flags)
{
    return (int)checked(fchownat(directory, path, (uid_t)user, (gid_t)group, flags));
}

int bpio_utimensat(
    int directory, const char *path, const struct bpio_time *access,
    const struct bpio_time *modification, int flags)
{
    struct timespec times[2] = {
        {.tv_sec = access->seconds, .tv_nsec = access->nanoseconds},
        {.tv_sec = modification->seconds, .tv_nsec = modification->nanoseconds},
    };
    // The raw call: glibc refuses AT_EMPTY_PATH together with an empty path on some versions.
    return (int)checked(syscall(SYS_utimensat, directory, path, times, flags));
}

int64_t bpio_pread(int fd, void *buffer, size_t count, int64_t offset)
{
    return checked(pread(fd, buffer, count, offset));
}

int64_t bpio_pwrite(int fd, const void *buffer, size_t count, int64_t offset)
{
    return checked(pwrite(fd, buffer, count, offset));
}

int64_t bpio_lseek(int fd, int64_t offset, int whence)
{
    return checked(lseek(fd, offset, whence));
}

int bpio_ftruncate(int fd, int64_t length) { return (int)checked(ftruncate(fd, length)); }

int bpio_truncate(const char *path, int64_t length) { return (int)checked(truncate(path, length)); }

int bpio_fallocate(int fd, int mode, int64_t offset, int64_t length)
{
    return (int)checked(fallocate(fd, mode, offset, length));
}

int bpio_fsync(int fd) { return (int)checked(fsync(fd)); }

int bpio_fdatasync(int fd) { return (int)checked(fdatasync(fd)); }

int bpio_syncfs(int fd) { return (int)checked(syncfs(fd)); }

int64_t bpio_copy_file_range(
    int source, int64_t source_offset, int destination, int64_t destination_offset, size_t count)
{
    off64_t from = source_offset, to = destination_offset;
    return checked(copy_file_range(source, &from, destination, &to, count, 0));
}

int bpio_clone(int source, int destination)
{
    return (int)checked(ioctl(destination, FICLONE, source));
}

int bpio_cachestat_of(int fd, uint64_t offset, uint64_t length, struct bpio_cachestat *out)
{
    struct bpio_cachestat_range range = {.off = offset, .len = length};
    return (int)checked(syscall(BPIO_NR_CACHESTAT, fd, &range, out, 0));
}

int64_t bpio_getxattr(const char *path, const char *name, void *value, size_t capacity)
{
    return checked(getxattr(path, name, value, capacity));
}

int64_t bpio_listxattr(const char *path, void *list, size_t capacity)
{
    return checked(listxattr(path, list, capacity));
}

int bpio_setxattr(const char *path, const char *name, const void *value, size_t size, int flags)
{
    return (int)checked(setxattr(path, name, value, size, flags));
}

int bpio_removexattr(const char *path, const char *name)
{
    return (int)checked(removexattr(path, name));
}

int bpio_flock(int fd, int operation) { return (int)checked(flock(fd, operation)); }

int bpio_ofd_lock(int fd, int command, struct bpio_byte_lock *lock)
{
    static const int commands[] = {F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW};
    if (command < BPIO_OFD_TEST || command > BPIO_OFD_SET_WAIT) return -EINVAL;
    // l_pid must be 0 on the way in for every open-file-description command.
    struct flock request = {
        .l_type = lock->type, .l_whence = lock->whence, .l_start = lock->start,
        .l_len = lock->length, .l_pid = 0,
    };
    if (fcntl(fd, commands[command], &request) < 0) return -errno;
    lock->type = request.l_type;
    lock->whence = request.l_whence;
    lock->start = request.l_start;
    lock->length = request.l_len;
    lock->owner = request.l_pid;
    return 0;
}

int bpio_get_inode_flags(int fd, uint32_t *out)
{
    // The request number is that of a long, but the kernel writes an int.
    unsigned long flags = 0;
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0) return -errno;
    memcpy(out, &flags, sizeof(*out));
    return 0;
}

int bpio_get_inode_generation(int fd, uint32_t *out)
{
    // As with the flags: the number is that of a long, but the kernel writes an int.
    unsigned long generation = 0;
    if (ioctl(fd, FS_IOC_GETVERSION, &generation) < 0) return -errno;
    memcpy(out, &generation, sizeof(*out));
    return 0;
}

int bpio_set_inode_flags(int fd, uint32_t flags)
{
    unsigned long wide = 0;
    memcpy(&wide, &flags, sizeof(flags));
    return (int)checked(ioctl(fd, FS_IOC_SETFLAGS, &wide));
}

uint32_t bpio_set_file_system_user(uint32_t user) { return (uint32_t)setfsuid(user); }

int bpio_get_fsxattr(int fd, struct bpio_fsxattr *out)
{
    return (int)checked(ioctl(fd, FS_IOC_FSGETXATTR, out));
}

int bpio_set_fsxattr(int fd, const struct bpio_fsxattr *flags)
{
    return (int)checked(ioctl(fd, FS_IOC_FSSETXATTR, flags));
}

int bpio_fiemap(
    int fd, uint64_t start, uint64_t length, uint32_t flags, struct bpio_fiemap_extent *out,
    uint32_t capacity)
{
    struct bpio_fiemap_request request;
    memset(&request, 0, offsetof(struct bpio_fiemap_request, fm_extents));
    request.fm_start = start;
    request.fm_length = length;
    request.fm_flags = flags;
    request.fm_extent_count =
        capacity < BPIO_FIEMAP_CAPACITY ? capacity : BPIO_FIEMAP_CAPACITY;
    if (ioctl(fd, FS_IOC_FIEMAP, &request) < 0) return -errno;
    if (request.fm_mapped_extents > request.fm_extent_count) return -EIO;
    memcpy(out, request.fm_extents, request.fm_mapped_extents * sizeof(*out));
    return (int)request.fm_mapped_extents;
}

#endif
