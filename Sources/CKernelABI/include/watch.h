#pragma once

// fanotify(7) of a whole file system, and the file handles by which it names files. Every function
// returns -errno on failure.

#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)

#define BPIO_WATCH_MODIFY 0x00000002U
#define BPIO_WATCH_ATTRIB 0x00000004U
#define BPIO_WATCH_CLOSE_WRITE 0x00000008U
#define BPIO_WATCH_MOVED_FROM 0x00000040U
#define BPIO_WATCH_MOVED_TO 0x00000080U
#define BPIO_WATCH_CREATE 0x00000100U
#define BPIO_WATCH_DELETE 0x00000200U
#define BPIO_WATCH_OVERFLOW 0x00004000U
#define BPIO_WATCH_ON_DIRECTORY 0x40000000U

/// FAN_EVENT_INFO_TYPE_*.
#define BPIO_WATCH_INFO_FILE 1
#define BPIO_WATCH_INFO_NAME 2
#define BPIO_WATCH_INFO_DIRECTORY 3

/// A group whose events name the directory, the name in it and the file itself (Linux 5.17). Reads
/// do not block. CAP_SYS_ADMIN.
int32_t bpio_watch_open(void);

/// Adds every event of `mask` on the file system of an open directory (not O_PATH).
int32_t bpio_watch_file_system(int32_t watch, int32_t directory, uint64_t mask);

/// The bytes of whole events; 0 if there are none.
int64_t bpio_watch_read(int32_t watch, void *_Nonnull buffer, size_t capacity);

/// poll(2) with POLLPRI and no wait: 1 if something exceptional happened since the last call, 0 if
/// not.
int32_t bpio_watch_exception(int32_t descriptor);

/// Sleeps until one of two descriptors can be read or that many milliseconds have passed (-1: no
/// limit). Bit 0 stands for the first descriptor, bit 1 for the second.
int32_t bpio_watch_wait(int32_t first, int32_t second, int32_t milliseconds);

/// name_to_handle_at(2) of an open file: the handle's length and type.
int32_t bpio_file_handle(
    int32_t file, void *_Nonnull handle, size_t capacity, int32_t *_Nonnull type);

/// open_by_handle_at(2) of a file on the file system of an open directory (not O_PATH).
/// CAP_DAC_READ_SEARCH.
int32_t bpio_open_file_handle(
    int32_t directory, const void *_Nonnull handle, size_t length, int32_t type, int32_t flags);

/// XFS_IOC_FSBULKSTAT_SINGLE: how often XFS has used an inode; XFS' handles carry this number.
/// CAP_SYS_ADMIN.
int32_t bpio_xfs_generation(int32_t directory, uint64_t inode, uint32_t *_Nonnull generation);

#endif
