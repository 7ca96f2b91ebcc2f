#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// A ring for one read at a time.
struct ring {
    int descriptor;
    unsigned flags;
    unsigned char opcode;
    struct io_uring_sqe *entries;
    char *submissions, *completions;
    struct io_uring_params params;
};

static unsigned *field(char *ring, unsigned offset) { return (unsigned *)(void *)(ring + offset); }

static int64_t open_ring(struct bench *b, unsigned setup, unsigned char opcode, int flags) {
    struct ring *ring = calloc(1, sizeof *ring);
    if (ring == NULL) return -ENOMEM;
    b->ring = ring;
    ring->flags = setup;
    ring->opcode = opcode;
    ring->params.flags = setup;
    ring->params.sq_thread_idle = 100;
    ring->descriptor = (int)syscall(SYS_io_uring_setup, 4, &ring->params);
    if (ring->descriptor < 0) return -errno;
    const struct io_uring_params *p = &ring->params;
    ring->submissions = mmap(
        NULL, p->sq_off.array + p->sq_entries * sizeof(unsigned), PROT_READ | PROT_WRITE,
        MAP_SHARED, ring->descriptor, IORING_OFF_SQ_RING);
    ring->completions = mmap(
        NULL, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
        PROT_READ | PROT_WRITE, MAP_SHARED, ring->descriptor, IORING_OFF_CQ_RING);
    ring->entries = mmap(
        NULL, p->sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED,
        ring->descriptor, IORING_OFF_SQES);
    if (ring->submissions == MAP_FAILED || ring->completions == MAP_FAILED
        || ring->entries == MAP_FAILED)
        return -errno;
    if (opcode == IORING_OP_READ_FIXED) {
        struct iovec buffer = {b->page, page_size};
        if (syscall(
                SYS_io_uring_register, ring->descriptor, IORING_REGISTER_BUFFERS, &buffer, 1) < 0)
            return -errno;
    }
    return open_file(b, flags);
}

static int64_t enter(const struct ring *ring) {
    unsigned flags = IORING_ENTER_GETEVENTS;
    if (ring->flags & IORING_SETUP_SQPOLL) flags |= IORING_ENTER_SQ_WAKEUP;
    for (;;) {
        if (syscall(SYS_io_uring_enter, ring->descriptor, 1, 1, flags, NULL, 0) >= 0) return 0;
        if (errno != EINTR) return -errno;
    }
}

static int64_t by_ring(struct bench *b, int64_t offset) {
    struct ring *ring = b->ring;
    const struct io_uring_params *p = &ring->params;
    unsigned tail = *field(ring->submissions, p->sq_off.tail);
    unsigned index = tail & *field(ring->submissions, p->sq_off.ring_mask);
    struct io_uring_sqe *entry = &ring->entries[index];
    memset(entry, 0, sizeof *entry);
    entry->opcode = ring->opcode;
    entry->fd = b->file;
    entry->addr = (uint64_t)(uintptr_t)b->page;
    entry->len = page_size;
    entry->off = (uint64_t)offset;
    field(ring->submissions, p->sq_off.array)[index] = index;
    __atomic_store_n(field(ring->submissions, p->sq_off.tail), tail + 1, __ATOMIC_RELEASE);
    int64_t entered = enter(ring);
    if (entered < 0) return entered;
    unsigned head = *field(ring->completions, p->cq_off.head);
    while (head == __atomic_load_n(field(ring->completions, p->cq_off.tail), __ATOMIC_ACQUIRE)) {
        entered = enter(ring);
        if (entered < 0) return entered;
    }
    unsigned place = head & *field(ring->completions, p->cq_off.ring_mask);
    const struct io_uring_cqe *all = (void *)(ring->completions + p->cq_off.cqes);
    int64_t result = all[place].res;
    __atomic_store_n(field(ring->completions, p->cq_off.head), head + 1, __ATOMIC_RELEASE);
    return result;
}

static int64_t plain(struct bench *b) { return open_ring(b, 0, IORING_OP_READ, O_RDONLY); }
static int64_t direct(struct bench *b) {
    return open_ring(b, 0, IORING_OP_READ, O_RDONLY | O_DIRECT);
}
static int64_t fixed(struct bench *b) { return open_ring(b, 0, IORING_OP_READ_FIXED, O_RDONLY); }
static int64_t fixed_direct(struct bench *b) {
    return open_ring(b, 0, IORING_OP_READ_FIXED, O_RDONLY | O_DIRECT);
}
static int64_t polled(struct bench *b) {
    return open_ring(b, IORING_SETUP_IOPOLL, IORING_OP_READ, O_RDONLY | O_DIRECT);
}
static int64_t by_kernel_thread(struct bench *b) {
    return open_ring(b, IORING_SETUP_SQPOLL, IORING_OP_READ, O_RDONLY);
}

static int64_t open_aio(struct bench *b, int flags) {
    aio_context_t context = 0;
    if (syscall(SYS_io_setup, 4, &context) < 0) return -errno;
    b->ring = (void *)context;
    return open_file(b, flags);
}
static int64_t aio(struct bench *b) { return open_aio(b, O_RDONLY); }
static int64_t aio_direct(struct bench *b) { return open_aio(b, O_RDONLY | O_DIRECT); }

static int64_t by_aio(struct bench *b, int64_t offset) {
    aio_context_t context = (aio_context_t)b->ring;
    struct iocb block = {
        .aio_lio_opcode = IOCB_CMD_PREAD,
        .aio_fildes = (uint32_t)b->file,
        .aio_buf = (uint64_t)(uintptr_t)b->page,
        .aio_nbytes = page_size,
        .aio_offset = offset,
    };
    struct iocb *blocks[] = {&block};
    struct io_event event;
    if (syscall(SYS_io_submit, context, 1L, blocks) < 0) return -errno;
    while (syscall(SYS_io_getevents, context, 1L, 1L, &event, NULL) < 0)
        if (errno != EINTR) return -errno;
    return event.res;
}

const struct way ring_ways[] = {
    {"io_uring", plain, by_ring, NULL},
    {"io_uring-direct", direct, by_ring, NULL},
    {"io_uring-fixed", fixed, by_ring, NULL},
    {"io_uring-fixed-direct", fixed_direct, by_ring, NULL},
    {"io_uring-iopoll", polled, by_ring, NULL},
    {"io_uring-sqpoll", by_kernel_thread, by_ring, NULL},
    {"libaio", aio, by_aio, NULL},
    {"libaio-direct", aio_direct, by_aio, NULL},
    {NULL, NULL, NULL, NULL},
};
