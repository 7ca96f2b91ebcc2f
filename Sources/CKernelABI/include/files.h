#pragma once

// Files as the kernel shows them: statx of 6.18, openat2, FIEMAP, and system calls that glibc 2.36
// lacks or offers only with errno on the side. Every function here returns -errno on failure, so
// that no code can run between the call and the reading of its error.

#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)

// ---- open(2) flags that differ between architectures or need _GNU_SOURCE ----

#if defined(__aarch64__) || defined(__arm__)
#define BPIO_O_DIRECTORY 0x00004000
#define BPIO_O_NOFOLLOW 0x00008000
#define BPIO_O_DIRECT 0x00010000
#else
#define BPIO_O_DIRECT 0x00004000
#define BPIO_O_DIRECTORY 0x00010000
#define BPIO_O_NOFOLLOW 0x00020000
#endif
#define BPIO_O_RDONLY 0x00000000
#define BPIO_O_WRONLY 0x00000001
#define BPIO_O_RDWR 0x00000002
#define BPIO_O_CREAT 0x00000040
#define BPIO_O_EXCL 0x00000080
#define BPIO_O_TRUNC 0x00000200
#define BPIO_O_APPEND 0x00000400
#define BPIO_O_NONBLOCK 0x00000800
#define BPIO_O_DSYNC 0x00001000
#define BPIO_O_NOATIME 0x00040000
#define BPIO_O_CLOEXEC 0x00080000
#define BPIO_O_SYNC 0x00101000
#define BPIO_O_PATH 0x00200000
#define BPIO_O_TMPFILE (0x00400000 | BPIO_O_DIRECTORY)

#define BPIO_AT_FDCWD (-100)
#define BPIO_AT_SYMLINK_NOFOLLOW 0x100
#define BPIO_AT_REMOVEDIR 0x200
#define BPIO_AT_SYMLINK_FOLLOW 0x400
#define BPIO_AT_NO_AUTOMOUNT 0x800
#define BPIO_AT_EMPTY_PATH 0x1000
#define BPIO_AT_STATX_FORCE_SYNC 0x2000
#define BPIO_AT_STATX_DONT_SYNC 0x4000

#define BPIO_RENAME_NOREPLACE 1U
#define BPIO_RENAME_EXCHANGE 2U
#define BPIO_RENAME_WHITEOUT 4U

#define BPIO_UTIME_NOW 0x3fffffffL
#define BPIO_UTIME_OMIT 0x3ffffffeL

#define BPIO_SEEK_SET 0
#define BPIO_SEEK_CUR 1
#define BPIO_SEEK_END 2
#define BPIO_SEEK_DATA 3
#define BPIO_SEEK_HOLE 4

#define BPIO_FALLOC_KEEP_SIZE 0x01
#define BPIO_FALLOC_PUNCH_HOLE 0x02
#define BPIO_FALLOC_COLLAPSE_RANGE 0x08
#define BPIO_FALLOC_ZERO_RANGE 0x10
#define BPIO_FALLOC_INSERT_RANGE 0x20

// ---- openat2(2), Linux 5.6 ----

struct bpio_open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};

#define BPIO_RESOLVE_NO_XDEV 0x01U
#define BPIO_RESOLVE_NO_MAGICLINKS 0x02U
#define BPIO_RESOLVE_NO_SYMLINKS 0x04U
#define BPIO_RESOLVE_BENEATH 0x08U
#define BPIO_RESOLVE_IN_ROOT 0x10U
#define BPIO_RESOLVE_CACHED 0x20U

// ---- statx(2) ----

struct bpio_statx_timestamp {
    int64_t tv_sec;
    uint32_t tv_nsec;
    int32_t reserved;
};

// 256 bytes. Fields from stx_mnt_id on are newer than the first statx (4.11); a mask bit says
// whether the kernel filled them.
struct bpio_statx {
    uint32_t stx_mask;
    uint32_t stx_blksize;
    uint64_t stx_attributes;
    uint32_t stx_nlink;
    uint32_t stx_uid;
    uint32_t stx_gid;
    uint16_t stx_mode;
    uint16_t spare0;
    uint64_t stx_ino;
    uint64_t stx_size;
    uint64_t stx_blocks;
    uint64_t stx_attributes_mask;
    struct bpio_statx_timestamp stx_atime;
    struct bpio_statx_timestamp stx_btime;
    struct bpio_statx_timestamp stx_ctime;
    struct bpio_statx_timestamp stx_mtime;
    uint32_t stx_rdev_major;
    uint32_t stx_rdev_minor;
    uint32_t stx_dev_major;
    uint32_t stx_dev_minor;
    uint64_t stx_mnt_id;
    uint32_t stx_dio_mem_align;
    uint32_t stx_dio_offset_align;
    uint64_t stx_subvol;
    uint32_t stx_atomic_write_unit_min;
    uint32_t stx_atomic_write_unit_max;
    uint32_t stx_atomic_write_segments_max;
    uint32_t stx_dio_read_offset_align;
    uint32_t stx_atomic_write_unit_max_opt;
    uint32_t spare2;
    uint64_t spare3[8];
};

#define BPIO_STATX_BASIC_STATS 0x000007ffU
#define BPIO_STATX_BTIME 0x00000800U
#define BPIO_STATX_MNT_ID 0x00001000U         // 5.8
#define BPIO_STATX_DIOALIGN 0x00002000U       // 6.1
#define BPIO_STATX_MNT_ID_UNIQUE 0x00004000U  // 6.8
#define BPIO_STATX_SUBVOL 0x00008000U         // 6.10
#define BPIO_STATX_WRITE_ATOMIC 0x00010000U   // 6.11
#define BPIO_STATX_DIO_READ_ALIGN 0x00020000U // 6.14

#define BPIO_STATX_ATTR_COMPRESSED 0x00000004U
#define BPIO_STATX_ATTR_IMMUTABLE 0x00000010U
#define BPIO_STATX_ATTR_APPEND 0x00000020U
#define BPIO_STATX_ATTR_NODUMP 0x00000040U
#define BPIO_STATX_ATTR_ENCRYPTED 0x00000800U
#define BPIO_STATX_ATTR_AUTOMOUNT 0x00001000U
#define BPIO_STATX_ATTR_MOUNT_ROOT 0x00002000U
#define BPIO_STATX_ATTR_VERITY 0x00100000U
#define BPIO_STATX_ATTR_DAX 0x00200000U
#define BPIO_STATX_ATTR_WRITE_ATOMIC 0x00400000U

// ---- inode flags: FS_IOC_GETFLAGS and FS_IOC_FSGETXATTR ----

#define BPIO_FS_COMPR_FL 0x00000004U
#define BPIO_FS_IMMUTABLE_FL 0x00000010U
#define BPIO_FS_APPEND_FL 0x00000020U
#define BPIO_FS_ENCRYPT_FL 0x00000800U
#define BPIO_FS_JOURNAL_DATA_FL 0x00004000U
#define BPIO_FS_VERITY_FL 0x00100000U
#define BPIO_FS_NOCOW_FL 0x00800000U
#define BPIO_FS_DAX_FL 0x02000000U
#define BPIO_FS_INLINE_DATA_FL 0x10000000U

#define BPIO_FS_XFLAG_REALTIME 0x00000001U
#define BPIO_FS_XFLAG_PREALLOC 0x00000002U
#define BPIO_FS_XFLAG_IMMUTABLE 0x00000008U
#define BPIO_FS_XFLAG_APPEND 0x00000010U
#define BPIO_FS_XFLAG_DAX 0x00008000U

struct bpio_fsxattr {
    uint32_t fsx_xflags;
    uint32_t fsx_extsize;
    uint32_t fsx_nextents;
    uint32_t fsx_projid;
    uint32_t fsx_cowextsize;
    unsigned char fsx_pad[8];
};

// ---- FS_IOC_FIEMAP ----

struct bpio_fiemap_extent {
    uint64_t fe_logical;
    uint64_t fe_physical;
    uint64_t fe_length;
    uint64_t fe_reserved64[2];
    uint32_t fe_flags;
    uint32_t fe_reserved[3];
};

// The most extents that a call of bpio_fiemap returns.
#define BPIO_FIEMAP_CAPACITY 64

struct bpio_fiemap_request {
    uint64_t fm_start;
    uint64_t fm_length;
    uint32_t fm_flags;
    uint32_t fm_mapped_extents;
    uint32_t fm_extent_count;
    uint32_t fm_reserved;
    struct bpio_fiemap_extent fm_extents[BPIO_FIEMAP_CAPACITY];
};

#define BPIO_FIEMAP_FLAG_SYNC 0x00000001U
#define BPIO_FIEMAP_EXTENT_LAST 0x00000001U
#define BPIO_FIEMAP_EXTENT_UNKNOWN 0x00000002U
#define BPIO_FIEMAP_EXTENT_DELALLOC 0x00000004U
#define BPIO_FIEMAP_EXTENT_ENCODED 0x00000008U
#define BPIO_FIEMAP_EXTENT_DATA_ENCRYPTED 0x00000080U
#define BPIO_FIEMAP_EXTENT_NOT_ALIGNED 0x00000100U
#define BPIO_FIEMAP_EXTENT_DATA_INLINE 0x00000200U
#define BPIO_FIEMAP_EXTENT_DATA_TAIL 0x00000400U
#define BPIO_FIEMAP_EXTENT_UNWRITTEN 0x00000800U
#define BPIO_FIEMAP_EXTENT_SHARED 0x00002000U

// ---- cachestat(2), Linux 6.5 ----

struct bpio_cachestat_range {
    uint64_t off;
    uint64_t len;
};

struct bpio_cachestat {
    uint64_t nr_cache;
    uint64_t nr_dirty;
    uint64_t nr_writeback;
    uint64_t nr_evicted;
    uint64_t nr_recently_evicted;
};

// ---- our own shapes for calls whose C types vary between architectures ----

struct bpio_statfs {
    uint64_t type;
    uint64_t block_size;
    uint64_t fragment_size;
    uint64_t blocks;
    uint64_t blocks_free;
    uint64_t blocks_available;
    uint64_t files;
    uint64_t files_free;
    uint64_t identifier;
    uint64_t name_length;
    uint64_t flags;
};

struct bpio_time {
    int64_t seconds;
    int64_t nanoseconds;  // or BPIO_UTIME_NOW, BPIO_UTIME_OMIT
};

#define BPIO_LOCK_READ 0
#define BPIO_LOCK_WRITE 1
#define BPIO_LOCK_NONE 2
#define BPIO_OFD_TEST 0
#define BPIO_OFD_SET 1
#define BPIO_OFD_SET_WAIT 2

struct bpio_byte_lock {
    int16_t type;  // BPIO_LOCK_*
    int16_t whence;
    int32_t owner;
    int64_t start;
    int64_t length;  // 0 = to the end of the file, however far it grows
};

// ---- the calls; each returns a value >= 0 or -errno ----

int bpio_openat(int directory, const char *path, int flags, uint32_t mode);
// Opens the file of `descriptor` again, by the links in the directory `links` (/proc/self/fd).
int bpio_reopen(int links, int descriptor, int flags);
int bpio_openat2(int directory, const char *path, const struct bpio_open_how *how);
int bpio_close(int fd);
int bpio_duplicate(int fd);
int bpio_replace(int fd, int by);
int bpio_status_flags(int fd);
int bpio_set_status_flags(int fd, int flags);

int bpio_statx_at(
    int directory, const char *path, int flags, uint32_t mask, struct bpio_statx *out);
int bpio_statfs_at(const char *path, struct bpio_statfs *out);
int bpio_fstatfs(int fd, struct bpio_statfs *out);
int bpio_accessat(int directory, const char *path, int mode, int flags);

int64_t bpio_getdents64(int fd, void *buffer, size_t capacity);
int64_t bpio_readlinkat(int directory, const char *path, void *buffer, size_t capacity);
int bpio_mkdirat(int directory, const char *path, uint32_t mode);
int bpio_mknodat(
    int directory, const char *path, uint32_t mode, uint32_t device_major, uint32_t device_minor);
int bpio_unlinkat(int directory, const char *path, int flags);
int bpio_linkat(
    int old_directory, const char *old_path, int new_directory, const char *new_path, int flags);
int bpio_symlinkat(const char *target, int directory, const char *path);
int bpio_renameat2(
    int old_directory, const char *old_path, int new_directory, const char *new_path,
    uint32_t flags);

int bpio_fchmod(int fd, uint32_t mode);
int bpio_chmod(const char *path, uint32_t mode);
int bpio_fchmodat2(int directory, const char *path, uint32_t mode, int flags);
int bpio_fchownat(int directory, const char *path, uint32_t user, uint32_t group, int flags);
int bpio_utimensat(
    int directory, const char *path, const struct bpio_time *access,
    const struct bpio_time *modification, int flags);

int64_t bpio_pread(int fd, void *buffer, size_t count, int64_t offset);
int64_t bpio_pwrite(int fd, const void *buffer, size_t count, int64_t offset);
int64_t bpio_lseek(int fd, int64_t offset, int whence);
int bpio_ftruncate(int fd, int64_t length);
int bpio_truncate(const char *path, int64_t length);
int bpio_fallocate(int fd, int mode, int64_t offset, int64_t length);
int bpio_fsync(int fd);
int bpio_fdatasync(int fd);
int bpio_syncfs(int fd);
int64_t bpio_copy_file_range(
    int source, int64_t source_offset, int destination, int64_t destination_offset, size_t count);
int bpio_clone(int source, int destination);
int bpio_cachestat_of(int fd, uint64_t offset, uint64_t length, struct bpio_cachestat *out);

int64_t bpio_getxattr(const char *path, const char *name, void *value, size_t capacity);
int64_t bpio_listxattr(const char *path, void *list, size_t capacity);
int bpio_setxattr(
    const char *path, const char *name, const void *value, size_t size, int flags);
int bpio_removexattr(const char *path, const char *name);

int bpio_flock(int fd, int operation);
int bpio_ofd_lock(int fd, int command, struct bpio_byte_lock *lock);

int bpio_get_inode_flags(int fd, uint32_t *out);
int bpio_set_inode_flags(int fd, uint32_t flags);
// FS_IOC_GETVERSION
int bpio_get_inode_generation(int fd, uint32_t *out);

// setfsuid(2): sets the user for the file-system calls of the calling thread alone. Returns the
// earlier user.
uint32_t bpio_set_file_system_user(uint32_t user);
int bpio_get_fsxattr(int fd, struct bpio_fsxattr *out);
int bpio_set_fsxattr(int fd, const struct bpio_fsxattr *flags);
// Returns how many extents were written to out, at most BPIO_FIEMAP_CAPACITY.
int bpio_fiemap(
    int fd, uint64_t start, uint64_t length, uint32_t flags, struct bpio_fiemap_extent *out,
    uint32_t capacity);

#endif
