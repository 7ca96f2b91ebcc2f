#pragma once

// /dev/fuse and mounting. Every function here returns -errno on failure.

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)

#pragma clang assume_nonnull begin

// ---- /dev/fuse ----

/// open(2) of /dev/fuse, O_RDWR | O_CLOEXEC.
int32_t bpio_fuse_open(void);
/// A further descriptor of the same connection (FUSE_DEV_IOC_CLONE). Requests read from it are
/// answered on it. Unless it `waits`, a read without a request fails with EAGAIN.
int32_t bpio_fuse_clone(int32_t session, int32_t waits);
/// FUSE_DEV_IOC_SYNC_INIT, Linux 6.18: mount(2) waits for the answer to INIT.
int32_t bpio_fuse_sync_init(int32_t device);
/// FUSE_DEV_IOC_BACKING_OPEN, Linux 6.9: a number above 0 for a file that the kernel may use by
/// itself.
int32_t bpio_fuse_backing_open(int32_t device, int32_t file);
/// FUSE_DEV_IOC_BACKING_CLOSE.
int32_t bpio_fuse_backing_close(int32_t device, int32_t number);
int64_t bpio_fuse_read(int32_t device, void *buffer, size_t capacity);
int64_t bpio_fuse_write(int32_t device, const void *message, size_t length);

// ---- requests by io_uring, Linux 6.14 ----

/// Operations of an IORING_OP_URING_CMD on the device (enum fuse_uring_cmd). The command's area
/// begins with struct fuse_uring_cmd_req: flags, the request's commit id, the queue's number.
enum {
    BPIO_FUSE_QUEUE_REGISTER = 1,          // two iovecs: headers, and memory for the rest
    BPIO_FUSE_QUEUE_COMMIT_AND_FETCH = 2,  // commits the reply there, fetches the next request
};

/// The exchange between kernel and service about one request (struct fuse_uring_req_header).
struct bpio_fuse_queue_header {
    /// struct fuse_in_header from the kernel, struct fuse_out_header back.
    uint8_t header[128];
    /// The request's first structure.
    uint8_t operation[128];
    uint64_t flags;
    uint64_t commit_id;
    /// Bytes of the rest, in either direction.
    uint32_t payload_size;
    uint32_t padding;
    uint64_t reserved;
};

/// A descriptor that can be neither read nor written. It takes over the number of a device that was
/// given up.
int32_t bpio_fuse_dead_end(void);
/// Makes `device` refer to the file of `other` (dup3(2)). The device itself is closed when no
/// system call uses it any more. Its number is never free in between, so a thread that still holds
/// the number cannot hit another file.
int32_t bpio_fuse_replace(int32_t device, int32_t other);

// ---- threads that wait in read(2) ----

/// Lets `bpio_thread_interrupt` end a blocking call of a thread with EINTR. Installs a handler that
/// does nothing, for a real-time signal that no other code uses. Every other signal is blocked in
/// the calling thread. Call once in each such thread.
void bpio_thread_accept_interrupts(void);
int32_t bpio_thread_interrupt(pthread_t thread);

// ---- mount(2) ----

#define BPIO_MS_RDONLY 1U
#define BPIO_MS_NOSUID 2U
#define BPIO_MS_NODEV 4U
#define BPIO_MS_NOEXEC 8U
#define BPIO_MS_REMOUNT 32U
#define BPIO_MS_NOATIME 1024U
#define BPIO_MS_NODIRATIME 2048U
#define BPIO_MS_BIND 4096U
#define BPIO_MS_RELATIME 0x200000U
#define BPIO_MS_STRICTATIME 0x1000000U

#define BPIO_MNT_FORCE 1
#define BPIO_MNT_DETACH 2
#define BPIO_UMOUNT_NOFOLLOW 8

int32_t bpio_mount(
    const char *source, const char *target, const char *type, uint32_t flags,
    const char *options);
int32_t bpio_umount(const char *target, int32_t flags);

// ---- questions with a time limit ----

/// Asks the service of a file system from a process of its own, because a thread cannot be ended
/// while a service holds its request and does not answer. With `attribute`: getxattr(2) of `path`;
/// returns the length of the value in `value`. Without: statx(2) past the kernel's cache; returns
/// 0. On failure returns a negative errno, and -ETIMEDOUT after `limit` milliseconds; the process
/// then ends by itself.
int64_t bpio_ask(
    const char *path, const char *_Nullable attribute, void *_Nullable value, size_t capacity,
    int32_t limit);

// ---- a service in the background ----

/// Starts this program again with `arguments` (NULL-terminated) in a session of its own, with
/// `ready` as descriptor 3 and standard input from /dev/null. Returns the child's number.
int32_t bpio_spawn_service(
    char *_Nullable const *_Nonnull arguments, int32_t ready, const char *setting);
/// waitpid(2): the exit code, or 128 and the signal's number.
int32_t bpio_wait_for(int32_t child);

// ---- fusermount3, for users other than root ----

/// Runs `program` to mount at `target`; returns the connection's descriptor. If the program fails,
/// returns -EIO, and `message` holds its standard error, NUL-terminated.
int32_t bpio_fusermount(
    const char *program, const char *options, const char *target, char *message,
    size_t capacity);
/// Runs `program` to unmount `target`, lazily if told so; 0, or as above.
int32_t bpio_fusermount_unmount(
    const char *program, const char *target, int32_t lazily, char *message, size_t capacity);

#pragma clang assume_nonnull end

#endif
