#pragma once

// The gate before a file's reads: pre-content events of fanotify(7) on a mount of the file's own,
// Linux 6.14. Every function returns -errno on failure.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)

#define BPIO_GATE_OPEN 0x00000020U
#define BPIO_GATE_CLOSE_WRITE 0x00000008U
#define BPIO_GATE_CLOSE_NOWRITE 0x00000010U
/// FAN_PRE_ACCESS.
#define BPIO_GATE_READ 0x00100000U
/// FAN_EVENT_INFO_TYPE_RANGE.
#define BPIO_GATE_INFO_RANGE 6

/// open_tree(2): a mount of one file that no path leads to. It lasts until the descriptor (O_PATH)
/// and the files opened through it are closed. CAP_SYS_ADMIN.
///
/// With `leaves_access_time` reads through it leave the file's access time alone (mount_setattr(2),
/// Linux 5.12).
int32_t bpio_gate_mount(int32_t file, bool leaves_access_time);

/// A group of class FAN_CLASS_PRE_CONTENT that names threads and has no limits of its own. Reads do
/// not block. CAP_SYS_ADMIN.
int32_t bpio_gate_open_group(void);

/// Adds `added` to the events of a mount, or otherwise takes `removed` away.
int32_t bpio_gate_mark(int32_t group, int32_t mount, uint64_t added, uint64_t removed);

/// FAN_ALLOW for 0, otherwise FAN_DENY with that errno.
int32_t bpio_gate_answer(int32_t group, int32_t event_file, int32_t error);

/// FAN_DENY with that errno for every event that was read and not answered, by whichever process:
/// the kernel knows an event by the number of its descriptor, so each number below `limit` is
/// tried. How many were answered.
int32_t bpio_gate_answer_all(int32_t group, int32_t limit, int32_t error);

/// The mount of an open file, by a number that no other mount has or will have
/// (STATX_MNT_ID_UNIQUE).
int32_t bpio_gate_mount_id(int32_t file, uint64_t *_Nonnull id);

/// Runs the calling thread on each processor that the machine has in use, one after the other.
/// ENOTSUP if the thread may not run on all of them. Calls `visit`, if given, on each.
int32_t bpio_gate_visit_processors(
    void (*_Nullable visit)(void *_Nullable context), void *_Nullable context);

/// membarrier(MEMBARRIER_CMD_GLOBAL).
int32_t bpio_gate_wait_for_grace_period(void);

/// The index of a system call's argument that is the descriptor read from; -1 for calls that read
/// none.
int32_t bpio_gate_read_argument(int64_t call);

/// EXT4_IOC_MOVE_EXT of blocks that `donor`, an empty file open for writing, cannot have: takes the
/// lock of `file` (open for reading and writing), waits for direct I/O that is under way, and fails
/// with EINVAL.
int32_t bpio_gate_wait_ext4(int32_t file, int32_t donor);

/// FIDEDUPERANGE of the first `length` bytes of `file` (read-only will do, with CAP_SYS_ADMIN)
/// against those of `donor`, which differ: takes the lock, waits for direct I/O that is under way,
/// and changes nothing. 0, also if the file system refused this file.
int32_t bpio_gate_wait_dedupe(
    int32_t file, int32_t donor, uint64_t length, int32_t *_Nonnull status);

#endif
