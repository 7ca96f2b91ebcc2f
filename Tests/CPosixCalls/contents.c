#define _GNU_SOURCE
#include "CPosixCalls.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define ANSWER(call)                    \
    do {                                \
        int64_t answer_ = (call);       \
        return answer_ < 0 ? -errno : answer_; \
    } while (0)

int64_t call_read(int fd, void *buffer, size_t count) { ANSWER(read(fd, buffer, count)); }
int64_t call_write(int fd, const void *buffer, size_t count) { ANSWER(write(fd, buffer, count)); }

int64_t call_pread(int fd, void *buffer, size_t count, int64_t offset) {
    ANSWER(pread(fd, buffer, count, offset));
}

int64_t call_pwrite(int fd, const void *buffer, size_t count, int64_t offset) {
    ANSWER(pwrite(fd, buffer, count, offset));
}

enum { most_pieces = 64 };

static int pieces_of(void *buffer, size_t count, int pieces, struct iovec *out) {
    if (pieces < 1 || pieces > most_pieces) return 0;
    size_t each = count / (size_t)pieces;
    for (int i = 0; i < pieces; i++) {
        out[i].iov_base = (char *)buffer + each * (size_t)i;
        out[i].iov_len = i == pieces - 1 ? count - each * (size_t)i : each;
    }
    return pieces;
}

int64_t call_preadv2(int fd, void *buffer, size_t count, int pieces, int64_t offset, int flags) {
    struct iovec parts[most_pieces];
    ANSWER(preadv2(fd, parts, pieces_of(buffer, count, pieces, parts), offset, flags));
}

int64_t call_pwritev2(
    int fd, const void *buffer, size_t count, int pieces, int64_t offset, int flags) {
    struct iovec parts[most_pieces];
    ANSWER(pwritev2(fd, parts, pieces_of((void *)buffer, count, pieces, parts), offset, flags));
}

int64_t call_lseek(int fd, int64_t offset, int whence) { ANSWER(lseek(fd, offset, whence)); }
int64_t call_truncate(const char *path, int64_t length) { ANSWER(truncate(path, length)); }
int64_t call_ftruncate(int fd, int64_t length) { ANSWER(ftruncate(fd, length)); }
int64_t call_fsync(int fd) { ANSWER(fsync(fd)); }
int64_t call_fdatasync(int fd) { ANSWER(fdatasync(fd)); }
int64_t call_syncfs(int fd) { ANSWER(syncfs(fd)); }

int64_t call_sync_file_range(int fd, int64_t offset, int64_t count) {
    ANSWER(sync_file_range(
        fd, offset, count,
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
}

int64_t call_fallocate(int fd, int mode, int64_t offset, int64_t length) {
    ANSWER(fallocate(fd, mode, offset, length));
}

int64_t call_fadvise(int fd, int64_t offset, int64_t length, int advice) {
    return -posix_fadvise(fd, offset, length, advice);
}

int64_t call_readahead(int fd, int64_t offset, size_t count) {
    ANSWER(readahead(fd, offset, count));
}

int64_t call_copy_file_range(
    int source, int64_t source_offset, int destination, int64_t destination_offset, size_t count,
    uint32_t flags) {
    int64_t from = source_offset, to = destination_offset;
    ANSWER(syscall(
        SYS_copy_file_range, source, from < 0 ? NULL : &from, destination, to < 0 ? NULL : &to,
        count, flags));
}

int64_t call_sendfile(int destination, int source, int64_t offset, size_t count) {
    off_t from = offset;
    ANSWER(sendfile(destination, source, offset < 0 ? NULL : &from, count));
}

int64_t call_splice(
    int source, int64_t source_offset, int destination, int64_t destination_offset, size_t count) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -errno;
    loff_t from = source_offset, to = destination_offset;
    int64_t moved = splice(source, &from, ends[1], NULL, count, 0);
    int64_t answer = moved < 0 ? -errno : moved;
    if (moved > 0) {
        int64_t out = splice(ends[0], NULL, destination, &to, (size_t)moved, 0);
        answer = out < 0 ? -errno : out;
    }
    close(ends[0]);
    close(ends[1]);
    return answer;
}

int64_t call_poll(int fd, int16_t events) {
    struct pollfd p = {.fd = fd, .events = events};
    int answer = poll(&p, 1, 0);
    return answer < 0 ? -errno : (uint16_t)p.revents;
}

int64_t call_ioctl(int fd, uint64_t request, void *argument) {
    ANSWER(ioctl(fd, request, argument));
}

int64_t call_fcntl(int fd, int command, int64_t argument) { ANSWER(fcntl(fd, command, argument)); }

int64_t call_mmap(
    size_t length, int protection, int flags, int fd, int64_t offset, void **out) {
    void *address = mmap(NULL, length, protection, flags, fd, offset);
    if (address == MAP_FAILED) return -errno;
    *out = address;
    return 0;
}

int64_t call_munmap(void *address, size_t length) { ANSWER(munmap(address, length)); }
int64_t call_msync(void *address, size_t length, int flags) {
    ANSWER(msync(address, length, flags));
}
int64_t call_mprotect(void *address, size_t length, int protection) {
    ANSWER(mprotect(address, length, protection));
}
int64_t call_madvise(void *address, size_t length, int advice) {
    ANSWER(madvise(address, length, advice));
}

// The kernel's own copy fails with EFAULT instead of a signal.
int64_t call_memory_read(const void *address, void *buffer, size_t count) {
    int ends[2];
    if (count > 4096) return -EINVAL;
    if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
    int64_t answer = write(ends[1], address, count);
    if (answer < 0) answer = -errno;
    if (answer > 0) answer = read(ends[0], buffer, (size_t)answer);
    close(ends[0]);
    close(ends[1]);
    return answer;
}

int64_t call_memory_write(void *address, const void *buffer, size_t count) {
    int ends[2];
    if (count > 4096) return -EINVAL;
    if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
    int64_t answer = write(ends[1], buffer, count);
    if (answer > 0) answer = read(ends[0], address, (size_t)answer);
    if (answer < 0) answer = -errno;
    close(ends[0]);
    close(ends[1]);
    return answer;
}

void *call_allocate_aligned(size_t alignment, size_t count) {
    void *out = NULL;
    return posix_memalign(&out, alignment, count) == 0 ? out : NULL;
}

void call_free_aligned(void *address) { free(address); }

int64_t call_lock(int fd, int command, struct call_lock *lock) {
    static const int commands[] = {
        [CALL_LOCK_GET] = F_GETLK,
        [CALL_LOCK_SET] = F_SETLK,
        [CALL_LOCK_SET_WAIT] = F_SETLKW,
        [CALL_LOCK_OFD_GET] = F_OFD_GETLK,
        [CALL_LOCK_OFD_SET] = F_OFD_SETLK,
        [CALL_LOCK_OFD_SET_WAIT] = F_OFD_SETLKW,
    };
    if (command < 0 || command > CALL_LOCK_OFD_SET_WAIT) return -EINVAL;
    struct flock l = {
        .l_type = (short)lock->type,
        .l_whence = (short)lock->whence,
        .l_start = lock->start,
        .l_len = lock->length,
    };
    if (fcntl(fd, commands[command], &l) != 0) return -errno;
    lock->type = l.l_type;
    lock->whence = l.l_whence;
    lock->start = l.l_start;
    lock->length = l.l_len;
    lock->process = l.l_pid;
    return 0;
}

int64_t call_flock(int fd, int operation) { ANSWER(flock(fd, operation)); }

#endif
