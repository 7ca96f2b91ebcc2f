#pragma once

// The system calls that the tests of a mount make, as a C program makes them. Each function returns
// a value >= 0 or -errno, so no code runs between the call and the reading of its error.
// Credentials, the umask, the working directory and descriptors change for the calling thread
// alone.

#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)

#pragma clang assume_nonnull begin

// ---- constants that glibc shows only with _GNU_SOURCE, or that differ between architectures ----

struct call_open_flags {
    int32_t append, create, directory, direct, data_sync, exclusive, no_access_time;
    int32_t no_follow, path, sync, temporary, truncate, nonblocking, close_on_exec;
};
extern const struct call_open_flags call_open_flags;

#define CALL_AT_SYMLINK_NOFOLLOW 0x100
#define CALL_AT_EACCESS 0x200
#define CALL_AT_SYMLINK_FOLLOW 0x400
#define CALL_AT_EMPTY_PATH 0x1000

#define CALL_UTIME_NOW 0x3fffffff
#define CALL_UTIME_OMIT 0x3ffffffe

// ---- files ----

struct call_time {
    int64_t seconds;
    int64_t nanoseconds;
};

struct call_status {
    uint32_t mask;
    uint32_t mode;
    uint32_t links;
    uint32_t user;
    uint32_t group;
    uint32_t block_size;
    uint32_t device_major;
    uint32_t device_minor;
    uint64_t inode;
    uint64_t size;
    uint64_t blocks;
    uint64_t mount;
    uint64_t attributes;
    uint32_t special_major;
    uint32_t special_minor;
    struct call_time accessed;
    struct call_time born;
    struct call_time changed;
    struct call_time modified;
};

struct call_volume {
    uint64_t type;
    uint64_t block_size;
    uint64_t fragment_size;
    uint64_t blocks;
    uint64_t blocks_free;
    uint64_t blocks_available;
    uint64_t files;
    uint64_t files_free;
    uint64_t name_length;
    uint64_t flags;
};

int64_t call_open(const char *path, int flags, uint32_t mode);
int64_t call_openat(int directory, const char *path, int flags, uint32_t mode);
int64_t call_openat2(int directory, const char *path, int flags, uint32_t mode, uint64_t resolve);
int64_t call_close(int fd);
int64_t call_dup(int fd);
// Closes every descriptor from `first` on, in the calling thread's table alone.
int64_t call_close_own_copy_from(uint32_t first);

// `flags` are AT_*; AT_EMPTY_PATH with the path "" asks about the descriptor.
int64_t call_status(int directory, const char *path, int flags, struct call_status *out);
int64_t call_statfs(const char *path, struct call_volume *out);
int64_t call_fstatfs(int fd, struct call_volume *out);
int64_t call_access(const char *path, int mode);
int64_t call_faccessat2(const char *path, int mode, int flags);
int64_t call_readlink(const char *path, void *buffer, size_t capacity);
int64_t call_getdents(int fd, void *buffer, size_t capacity);
int64_t call_name_to_handle(const char *path, void *handle);
// `handle` is the result of call_name_to_handle: at most CALL_HANDLE_BYTES.
int64_t call_open_by_handle(int mount, void *handle, int flags);
#define CALL_HANDLE_BYTES 144

int64_t call_mkdir(const char *path, uint32_t mode);
int64_t call_rmdir(const char *path);
int64_t call_unlink(const char *path);
int64_t call_unlinkat(int directory, const char *path, int flags);
int64_t call_link(const char *from, const char *to, int flags);
int64_t call_link_descriptor(int fd, const char *to);
int64_t call_symlink(const char *target, const char *path);
int64_t call_rename(const char *from, const char *to, uint32_t flags);
int64_t call_mknod(const char *path, uint32_t mode, uint32_t major, uint32_t minor);
int64_t call_chmod(const char *path, uint32_t mode);
int64_t call_fchmod(int fd, uint32_t mode);
int64_t call_fchmodat2(const char *path, uint32_t mode, int flags);
int64_t call_chown(const char *path, uint32_t user, uint32_t group);
int64_t call_lchown(const char *path, uint32_t user, uint32_t group);
int64_t call_fchown(int fd, uint32_t user, uint32_t group);
int64_t call_utimens(
    const char *path, const struct call_time *_Nullable accessed_then_modified, int flags);
int64_t call_futimens(int fd, const struct call_time *_Nullable accessed_then_modified);
int64_t call_chdir(const char *path);
int64_t call_fchdir(int fd);
int64_t call_getcwd(void *buffer, size_t capacity);
int64_t call_umask(uint32_t mask);

int64_t call_setxattr(
    const char *path, const char *name, const void *value, size_t size, int flags);
int64_t call_lsetxattr(
    const char *path, const char *name, const void *value, size_t size, int flags);
int64_t call_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags);
int64_t call_getxattr(const char *path, const char *name, void *_Nullable value, size_t capacity);
int64_t call_lgetxattr(const char *path, const char *name, void *_Nullable value, size_t capacity);
int64_t call_fgetxattr(int fd, const char *name, void *_Nullable value, size_t capacity);
int64_t call_listxattr(const char *path, void *_Nullable list, size_t capacity);
int64_t call_llistxattr(const char *path, void *_Nullable list, size_t capacity);
int64_t call_removexattr(const char *path, const char *name);
int64_t call_lremovexattr(const char *path, const char *name);

// ---- contents ----

int64_t call_read(int fd, void *buffer, size_t count);
int64_t call_write(int fd, const void *buffer, size_t count);
int64_t call_pread(int fd, void *buffer, size_t count, int64_t offset);
int64_t call_pwrite(int fd, const void *buffer, size_t count, int64_t offset);
// Reads into `pieces` parts of the buffer, of equal size; offset -1 uses the file's position.
// `flags` are RWF_*.
int64_t call_preadv2(int fd, void *buffer, size_t count, int pieces, int64_t offset, int flags);
int64_t call_pwritev2(
    int fd, const void *buffer, size_t count, int pieces, int64_t offset, int flags);
int64_t call_lseek(int fd, int64_t offset, int whence);
int64_t call_truncate(const char *path, int64_t length);
int64_t call_ftruncate(int fd, int64_t length);
int64_t call_fsync(int fd);
int64_t call_fdatasync(int fd);
int64_t call_syncfs(int fd);
int64_t call_sync_file_range(int fd, int64_t offset, int64_t count);
int64_t call_fallocate(int fd, int mode, int64_t offset, int64_t length);
int64_t call_fadvise(int fd, int64_t offset, int64_t length, int advice);
int64_t call_readahead(int fd, int64_t offset, size_t count);
// An offset of -1 uses and moves the file's position.
int64_t call_copy_file_range(
    int source, int64_t source_offset, int destination, int64_t destination_offset, size_t count,
    uint32_t flags);
int64_t call_sendfile(int destination, int source, int64_t offset, size_t count);
// Moves bytes through a pipe from `source_offset` of a file to `destination_offset` of another.
int64_t call_splice(
    int source, int64_t source_offset, int destination, int64_t destination_offset, size_t count);
// Returns the events that are there at once.
int64_t call_poll(int fd, int16_t events);
int64_t call_ioctl(int fd, uint64_t request, void *_Nullable argument);
int64_t call_fcntl(int fd, int command, int64_t argument);

// ---- memory ----

int64_t call_mmap(
    size_t length, int protection, int flags, int fd, int64_t offset,
    void *_Nullable *_Nonnull out);
int64_t call_munmap(void *address, size_t length);
int64_t call_msync(void *address, size_t length, int flags);
int64_t call_mprotect(void *address, size_t length, int protection);
int64_t call_madvise(void *address, size_t length, int advice);
// Copies to and from memory that may not be there: EFAULT, where a program's own access would raise
// SIGBUS. At most 4096 bytes.
int64_t call_memory_read(const void *address, void *buffer, size_t count);
int64_t call_memory_write(void *address, const void *buffer, size_t count);
// Allocates on a boundary of `alignment` bytes, a power of two; call_free_aligned frees it.
void *_Nullable call_allocate_aligned(size_t alignment, size_t count);
void call_free_aligned(void *_Nullable address);

// ---- locks ----

struct call_lock {
    int32_t command;  // F_SETLK, F_SETLKW, F_GETLK, F_OFD_*
    int32_t type;     // F_RDLCK, F_WRLCK, F_UNLCK; F_GETLK's answer
    int32_t whence;
    int32_t process;  // F_GETLK's answer: 0 for a process that this one may not know
    int64_t start;
    int64_t length;
};
enum {
    CALL_LOCK_GET,
    CALL_LOCK_SET,
    CALL_LOCK_SET_WAIT,
    CALL_LOCK_OFD_GET,
    CALL_LOCK_OFD_SET,
    CALL_LOCK_OFD_SET_WAIT,
};
// `command` is CALL_LOCK_*.
int64_t call_lock(int fd, int command, struct call_lock *lock);
int64_t call_flock(int fd, int operation);

// ---- who calls ----

// Gives the calling thread a working directory and a umask of its own.
int64_t call_own_working_directory(void);
int64_t call_set_credentials(
    uint32_t user, uint32_t group, const uint32_t *groups, size_t group_count);
// Returns to root; the saved user must be 0, as call_set_credentials leaves it.
int64_t call_restore_credentials(void);

// ---- other processes ----

// Starts a program in a process group of its own. It blocks and ignores no signal, whatever the
// caller blocks. Its standard input is `input` (-1: nothing), and its output goes to two
// descriptors. `words` are the path and the arguments, `variables` NAME=VALUE; the strings follow
// one another, each ended by NUL.
int64_t call_spawn(
    const char *words, int word_count, const char *variables, int variable_count,
    const char *_Nullable folder, int input, int output, int errors);
// Starts a shell whose standard input ends when this process ends in any way. Returns the socket
// through which call_tell writes to it.
int64_t call_start_heir(const char *script);
int64_t call_tell(int socket, const char *text, size_t count);
// Returns 0 while the process runs; then 1, and the exit code or the negated signal.
int64_t call_ended(int64_t process, int32_t *code);
// A copy of the process, which has one thread: 0 in the copy, its number in the caller.
int64_t call_fork(void);
// Runs `body` in a child, an instruction at a time, and asks `check` after each; the number of
// instructions, negative where `check` answered 0, and 0 where the child does not end well.
int64_t call_step(
    void (*body)(void *), void *context, int (*check)(void *), void *other);
// Starts the program again with addresses and hashes that are the same in each run; returns 0 if it
// was started so, and an error where the system does not allow it.
int64_t call_fix_addresses(char *_Nullable const *_Nonnull arguments);
// Sends a signal to the process and to its descendants that stayed in its group.
// The number of a system call that tests name; -1 for others.
int64_t call_number(const char *name);
// The answer of one system call in a process of its own, to which `first` and `second` were done
// before: 0 or -errno. Without a good end of those, their -errno less 1000.
int64_t call_hardened(
    int32_t (*_Nonnull first)(void), int32_t (*_Nullable second)(void), int64_t number,
    int64_t argument);
int64_t call_signal_group(int64_t process, int signal);

// Runs a program to its end. Returns the exit code, 128 + signal, or the errno of its start.
int64_t call_run(const char *path, const char *_Nullable argument);
// Starts a program and returns its process identifier.
int64_t call_start(const char *path, const char *_Nullable argument);
int64_t call_end_and_wait(int64_t process);

// ---- sockets and watches ----

int64_t call_bind_socket(const char *path);
int64_t call_connect_socket(const char *path);
int64_t call_inotify(void);
int64_t call_inotify_add(int fd, const char *path, uint32_t mask);

// ---- mounts ----

int64_t call_mount_bind(const char *source, const char *target);
// Makes a bind mount that shows user and group `inside` of the disk as `outside`, and so on for
// `count`.
int64_t call_mount_idmapped(
    const char *source, const char *target, uint32_t inside, uint32_t outside, uint32_t count);
// `flags` are MNT_*; 2 = MNT_DETACH.
int64_t call_umount(const char *target, int flags);

// ---- bytes, fast in a debug build too ----

// FNV-1a over 64 bits.
uint64_t call_hash(const void *bytes, size_t count);
// The number of equal bytes from the start.
size_t call_run_length(const void *bytes, size_t count);
// Fills memory with bytes that `seed` determines.
void call_fill(void *bytes, size_t count, uint64_t seed);
// The place of the first difference; -1 if there is none.
int64_t call_first_difference(const void *one, const void *other, size_t count);
// Uses plain stores: memory that is not there ends the process with SIGBUS.
void call_clear(void *bytes, size_t count);
void call_copy_bytes(void *to, const void *from, size_t count);

// Nanoseconds of a monotonic clock.
int64_t call_clock(void);

// "ENOENT"; "errno 1234" for a number without a name.
const char *call_errno_name(int code);

#pragma clang assume_nonnull end

#endif
