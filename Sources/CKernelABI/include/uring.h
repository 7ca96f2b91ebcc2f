// io_uring's interface under names of our own, so that a system header may be included beside this
// one. Debian's header stops at Linux 6.1. The version beside each constant is the first kernel
// that knows it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
#define BPIO_ABI_ASSERT static_assert
#else
#define BPIO_ABI_ASSERT _Static_assert
#endif

// io_uring_setup(2), io_uring_params.flags.
enum {
    BPIO_RING_SETUP_IOPOLL = 1u << 0,           // 5.1
    BPIO_RING_SETUP_SQPOLL = 1u << 1,           // 5.1
    BPIO_RING_SETUP_CQSIZE = 1u << 3,           // 5.5
    BPIO_RING_SETUP_CLAMP = 1u << 4,            // 5.6
    BPIO_RING_SETUP_R_DISABLED = 1u << 6,       // 5.10
    BPIO_RING_SETUP_SUBMIT_ALL = 1u << 7,       // 5.18
    BPIO_RING_SETUP_COOP_TASKRUN = 1u << 8,     // 5.19
    BPIO_RING_SETUP_TASKRUN_FLAG = 1u << 9,     // 5.19
    BPIO_RING_SETUP_SQE128 = 1u << 10,          // 5.19
    BPIO_RING_SETUP_CQE32 = 1u << 11,           // 5.19
    BPIO_RING_SETUP_SINGLE_ISSUER = 1u << 12,   // 6.0
    BPIO_RING_SETUP_DEFER_TASKRUN = 1u << 13,   // 6.1
    BPIO_RING_SETUP_NO_SQARRAY = 1u << 16,      // 6.6
};

// io_uring_params.features, filled in by the kernel.
enum {
    BPIO_RING_FEAT_SINGLE_MMAP = 1u << 0,       // 5.4
    BPIO_RING_FEAT_NODROP = 1u << 1,            // 5.5
    BPIO_RING_FEAT_SUBMIT_STABLE = 1u << 2,     // 5.5
    BPIO_RING_FEAT_RW_CUR_POS = 1u << 3,        // 5.6
    BPIO_RING_FEAT_CUR_PERSONALITY = 1u << 4,   // 5.6
    BPIO_RING_FEAT_FAST_POLL = 1u << 5,         // 5.7
    BPIO_RING_FEAT_POLL_32BITS = 1u << 6,       // 5.9
    BPIO_RING_FEAT_SQPOLL_NONFIXED = 1u << 7,   // 5.11
    BPIO_RING_FEAT_EXT_ARG = 1u << 8,           // 5.11
    BPIO_RING_FEAT_NATIVE_WORKERS = 1u << 9,    // 5.12
    BPIO_RING_FEAT_RSRC_TAGS = 1u << 10,        // 5.13
    BPIO_RING_FEAT_CQE_SKIP = 1u << 11,         // 5.17
    BPIO_RING_FEAT_LINKED_FILE = 1u << 12,      // 5.17
    BPIO_RING_FEAT_REG_REG_RING = 1u << 13,     // 6.3
    BPIO_RING_FEAT_MIN_TIMEOUT = 1u << 15,      // 6.12
};

// Operation codes, bpio_sqe.opcode.
enum {
    BPIO_RING_OP_NOP = 0,                       // 5.1
    BPIO_RING_OP_READV = 1,                     // 5.1
    BPIO_RING_OP_FSYNC = 3,                     // 5.1
    BPIO_RING_OP_READ_FIXED = 4,                // 5.1
    BPIO_RING_OP_POLL_ADD = 6,                  // 5.1
    BPIO_RING_OP_POLL_REMOVE = 7,               // 5.1
    BPIO_RING_OP_TIMEOUT = 11,                  // 5.4
    BPIO_RING_OP_TIMEOUT_REMOVE = 12,           // 5.5
    BPIO_RING_OP_ASYNC_CANCEL = 14,             // 5.5
    BPIO_RING_OP_LINK_TIMEOUT = 15,             // 5.5
    BPIO_RING_OP_FILES_UPDATE = 20,             // 5.6
    BPIO_RING_OP_READ = 22,                     // 5.6
    BPIO_RING_OP_MSG_RING = 40,                 // 5.18
    BPIO_RING_OP_URING_CMD = 46,                // 5.19
    BPIO_RING_OP_READV_FIXED = 60,              // 6.15
};

// bpio_sqe.flags.
enum {
    BPIO_RING_SQE_FIXED_FILE = 1u << 0,         // 5.1
    BPIO_RING_SQE_IO_DRAIN = 1u << 1,           // 5.2
    BPIO_RING_SQE_IO_LINK = 1u << 2,            // 5.3
    BPIO_RING_SQE_ASYNC = 1u << 4,              // 5.6
    BPIO_RING_SQE_CQE_SKIP_SUCCESS = 1u << 6,   // 5.17
};

// bpio_cqe.flags.
enum {
    BPIO_RING_CQE_F_BUFFER = 1u << 0,           // 5.7
    BPIO_RING_CQE_F_MORE = 1u << 1,             // 5.13
};

// Bits of the submission ring's flags word.
enum {
    BPIO_RING_SQ_NEED_WAKEUP = 1u << 0,         // 5.1
    BPIO_RING_SQ_CQ_OVERFLOW = 1u << 1,         // 5.8
    BPIO_RING_SQ_TASKRUN = 1u << 2,             // 5.19
};

// io_uring_enter(2) flags.
enum {
    BPIO_RING_ENTER_GETEVENTS = 1u << 0,        // 5.1
    BPIO_RING_ENTER_SQ_WAKEUP = 1u << 1,        // 5.1
    BPIO_RING_ENTER_EXT_ARG = 1u << 3,          // 5.11
    BPIO_RING_ENTER_REGISTERED_RING = 1u << 4,  // 5.18
    BPIO_RING_ENTER_ABS_TIMER = 1u << 5,        // 6.12
};

// io_uring_register(2) operations.
enum {
    BPIO_RING_REGISTER_BUFFERS = 0,             // 5.1
    BPIO_RING_UNREGISTER_BUFFERS = 1,           // 5.1
    BPIO_RING_REGISTER_FILES = 2,               // 5.1
    BPIO_RING_UNREGISTER_FILES = 3,             // 5.1
    BPIO_RING_REGISTER_FILES_UPDATE = 6,        // 5.5
    BPIO_RING_REGISTER_PROBE = 8,               // 5.6
    BPIO_RING_REGISTER_FILES2 = 13,             // 5.13
    BPIO_RING_REGISTER_FILES_UPDATE2 = 14,      // 5.13
    BPIO_RING_REGISTER_BUFFERS2 = 15,           // 5.13
    BPIO_RING_REGISTER_BUFFERS_UPDATE = 16,     // 5.13
    BPIO_RING_REGISTER_RING_FDS = 20,           // 5.18
    BPIO_RING_UNREGISTER_RING_FDS = 21,         // 5.18
    BPIO_RING_REGISTER_SYNC_CANCEL = 24,        // 6.0
    BPIO_RING_REGISTER_CLONE_BUFFERS = 30,      // 6.12
};

enum {
    BPIO_RING_RSRC_REGISTER_SPARSE = 1u << 0,   // 5.19, bpio_rsrc_register.flags
    BPIO_RING_OP_SUPPORTED = 1u << 0,           // 5.6, bpio_probe_op.flags
    BPIO_RING_PROBE_OPS = 256,                  // entries an opcode byte can name
};

// The offsets for mmap(2) of a ring's two areas.
#define BPIO_RING_OFF_SQ_RING 0
#define BPIO_RING_OFF_SQES 0x10000000

// The kernel's unions are flattened to the members in use, so that Swift sees a plain struct.
struct bpio_sqe {
    uint8_t opcode;
    uint8_t flags;
    uint16_t ioprio;
    int32_t fd;           // a descriptor, or a table index under BPIO_RING_SQE_FIXED_FILE
    uint64_t off;         // file position; completion count of a timeout
    uint64_t addr;        // buffer, iovec array, timespec, or the user_data to cancel
    uint32_t len;
    uint32_t op_flags;    // rw_flags, poll32_events, cancel_flags, timeout_flags
    uint64_t user_data;
    uint16_t buf_index;
    uint16_t personality;
    uint32_t file_index;
    uint64_t addr3;       // first byte of the command area of a 128-byte entry
    uint64_t reserved;
};
BPIO_ABI_ASSERT(sizeof(struct bpio_sqe) == 64, "submission entry is 64 bytes");
BPIO_ABI_ASSERT(offsetof(struct bpio_sqe, fd) == 4, "sqe.fd");
BPIO_ABI_ASSERT(offsetof(struct bpio_sqe, off) == 8, "sqe.off");
BPIO_ABI_ASSERT(offsetof(struct bpio_sqe, addr) == 16, "sqe.addr");
BPIO_ABI_ASSERT(offsetof(struct bpio_sqe, len) == 24, "sqe.len");
BPIO_ABI_ASSERT(offsetof(struct bpio_sqe, op_flags) == 28, "sqe.op_flags");
BPIO_ABI_ASSERT(offsetof(struct bpio_sqe, user_data) == 32, "sqe.user_data");
BPIO_ABI_ASSERT(offsetof(struct bpio_sqe, buf_index) == 40, "sqe.buf_index");
BPIO_ABI_ASSERT(offsetof(struct bpio_sqe, file_index) == 44, "sqe.file_index");
BPIO_ABI_ASSERT(offsetof(struct bpio_sqe, addr3) == 48, "sqe.addr3");

struct bpio_cqe {
    uint64_t user_data;
    int32_t res;
    uint32_t flags;
};
BPIO_ABI_ASSERT(sizeof(struct bpio_cqe) == 16, "completion entry is 16 bytes");
BPIO_ABI_ASSERT(offsetof(struct bpio_cqe, res) == 8, "cqe.res");
BPIO_ABI_ASSERT(offsetof(struct bpio_cqe, flags) == 12, "cqe.flags");

struct bpio_sq_offsets {
    uint32_t head;
    uint32_t tail;
    uint32_t ring_mask;
    uint32_t ring_entries;
    uint32_t flags;
    uint32_t dropped;
    uint32_t array;
    uint32_t reserved;
    uint64_t user_addr;
};
BPIO_ABI_ASSERT(sizeof(struct bpio_sq_offsets) == 40, "submission ring offsets are 40 bytes");
BPIO_ABI_ASSERT(offsetof(struct bpio_sq_offsets, array) == 24, "sq_off.array");

struct bpio_cq_offsets {
    uint32_t head;
    uint32_t tail;
    uint32_t ring_mask;
    uint32_t ring_entries;
    uint32_t overflow;
    uint32_t cqes;
    uint32_t flags;
    uint32_t reserved;
    uint64_t user_addr;
};
BPIO_ABI_ASSERT(sizeof(struct bpio_cq_offsets) == 40, "completion ring offsets are 40 bytes");
BPIO_ABI_ASSERT(offsetof(struct bpio_cq_offsets, cqes) == 20, "cq_off.cqes");

struct bpio_ring_params {
    uint32_t sq_entries;
    uint32_t cq_entries;
    uint32_t flags;
    uint32_t sq_thread_cpu;
    uint32_t sq_thread_idle;
    uint32_t features;
    uint32_t wq_fd;
    uint32_t reserved[3];
    struct bpio_sq_offsets sq_off;
    struct bpio_cq_offsets cq_off;
};
BPIO_ABI_ASSERT(sizeof(struct bpio_ring_params) == 120, "ring parameters are 120 bytes");
BPIO_ABI_ASSERT(offsetof(struct bpio_ring_params, features) == 20, "params.features");
BPIO_ABI_ASSERT(offsetof(struct bpio_ring_params, sq_off) == 40, "params.sq_off");
BPIO_ABI_ASSERT(offsetof(struct bpio_ring_params, cq_off) == 80, "params.cq_off");

// struct __kernel_timespec: 64-bit seconds on every architecture.
struct bpio_timespec {
    int64_t tv_sec;
    int64_t tv_nsec;
};
BPIO_ABI_ASSERT(sizeof(struct bpio_timespec) == 16, "kernel timespec is 16 bytes");

// The argument of io_uring_enter(2) under BPIO_RING_ENTER_EXT_ARG.
struct bpio_getevents_arg {
    uint64_t sigmask;
    uint32_t sigmask_size;
    uint32_t min_wait_usec;  // 6.12, else must be zero
    uint64_t timespec;
};
BPIO_ABI_ASSERT(sizeof(struct bpio_getevents_arg) == 24, "enter argument is 24 bytes");
BPIO_ABI_ASSERT(offsetof(struct bpio_getevents_arg, timespec) == 16, "getevents_arg.ts");

struct bpio_rsrc_register {
    uint32_t count;
    uint32_t flags;
    uint64_t reserved;
    uint64_t data;
    uint64_t tags;
};
BPIO_ABI_ASSERT(sizeof(struct bpio_rsrc_register) == 32, "resource registration is 32 bytes");
BPIO_ABI_ASSERT(offsetof(struct bpio_rsrc_register, data) == 16, "rsrc_register.data");

// Also the argument of BPIO_RING_REGISTER_FILES_UPDATE and of the ring descriptor registration.
struct bpio_rsrc_update {
    uint32_t offset;
    uint32_t reserved;
    uint64_t data;
};
BPIO_ABI_ASSERT(sizeof(struct bpio_rsrc_update) == 16, "resource update is 16 bytes");
BPIO_ABI_ASSERT(offsetof(struct bpio_rsrc_update, data) == 8, "rsrc_update.data");

struct bpio_rsrc_update2 {
    uint32_t offset;
    uint32_t reserved;
    uint64_t data;
    uint64_t tags;
    uint32_t count;
    uint32_t reserved2;
};
BPIO_ABI_ASSERT(sizeof(struct bpio_rsrc_update2) == 32, "tagged resource update is 32 bytes");

struct bpio_probe_op {
    uint8_t op;
    uint8_t reserved;
    uint16_t flags;
    uint32_t reserved2;
};
BPIO_ABI_ASSERT(sizeof(struct bpio_probe_op) == 8, "probe entry is 8 bytes");

struct bpio_probe {
    uint8_t last_op;
    uint8_t ops_len;
    uint16_t reserved;
    uint32_t reserved2[3];
    struct bpio_probe_op ops[BPIO_RING_PROBE_OPS];
};
BPIO_ABI_ASSERT(sizeof(struct bpio_probe) == 16 + 8 * BPIO_RING_PROBE_OPS, "probe table");
BPIO_ABI_ASSERT(offsetof(struct bpio_probe, ops) == 16, "probe.ops");

// Ring indices are shared with the kernel: the side that reads an index acquires, the side that
// publishes it releases.
static inline uint32_t bpio_load_acquire(const uint32_t *_Nonnull word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline uint32_t bpio_load_relaxed(const uint32_t *_Nonnull word) {
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void bpio_store_release(uint32_t *_Nonnull word, uint32_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

// The three system calls. Each returns the kernel's result, or the negated errno.
int32_t bpio_ring_setup(uint32_t entries, struct bpio_ring_params *_Nonnull params);
int32_t bpio_ring_enter(
    int32_t ring, uint32_t to_submit, uint32_t min_complete, uint32_t flags,
    const struct bpio_getevents_arg *_Nullable arg);
int32_t bpio_ring_register(
    int32_t ring, uint32_t operation, const void *_Nullable arg, uint32_t count);

// The kernel's id of the calling thread.
int32_t bpio_thread_id(void);

// Starts a joinable thread with a stack of that many bytes. 0 or a positive error number. In C,
// because glibc's header of pthread_attr_t belongs to the module that Swift happens to load first.
int32_t bpio_thread_start(
    unsigned long *_Nonnull thread, size_t stack_size,
    void *_Nullable (*_Nonnull body)(void *_Nullable), void *_Nullable context);

// Names the calling thread, at most 15 bytes, for ps and debuggers.
void bpio_thread_name(const char *_Nonnull name);

// Makes the calling thread one of real time (SCHED_RR, the least priority), but not the threads and
// processes that it starts. 0 or a negated errno.
int32_t bpio_thread_real_time(void);

// Raises RLIMIT_RTPRIO as far as `bpio_thread_real_time` needs it, and RLIMIT_NICE to `nice_limit`
// (20 less the niceness). 0, or the negated errno of a limit that stays as it is.
int32_t bpio_allow_prompt_threads(int32_t nice_limit);

// An event counter that a ring can poll: make it (returns the descriptor or the negated errno); add
// an event; take all events. Glibc's module does not have eventfd(2).
int32_t bpio_event_counter(void);
void bpio_event_counter_raise(int32_t counter);
void bpio_event_counter_reset(int32_t counter);

// Whether the kernel knows an operation, by its probe. In C, because Swift cannot index the inline
// table cheaply.
static inline _Bool bpio_probe_supports(
    const struct bpio_probe *_Nonnull probe, uint8_t operation
) {
    return operation < probe->ops_len
        && (probe->ops[operation].flags & BPIO_RING_OP_SUPPORTED) != 0;
}
