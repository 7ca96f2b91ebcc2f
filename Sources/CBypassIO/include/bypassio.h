// bypassio.h: the control code for files of a bypassio volume.
//
// The structures are Windows' own (ntifs.h, FSCTL_MANAGE_BYPASS_IO), little-endian, carried by one
// ioctl. Open the file with O_DIRECT: BypassIO concerns the reads of such handles.
//
//     struct fs_bpio_output output;
//     int32_t status;
//     int fd = open("/mnt/games/level1.pak", O_RDONLY | O_DIRECT);
//     if (bypassio_enable(fd, &output, &status) == 0 && status >= 0
//         && output.results.op_status >= 0)
//         puts("reads skip the filters from here on");
//
// A veto is no failure: the answer names the layer and its reason.
//
//     char driver[BYPASSIO_DRIVER_NAME_SIZE];
//     bypassio_failing_driver(&output.results, driver, sizeof driver);
#ifndef BYPASSIO_H
#define BYPASSIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BYPASSIO_FSCTL_MANAGE_BYPASS_IO 0x00090448U

// METHOD_BUFFERED: the buffer carries the input on the way in and the output on the way out.
struct bypassio_fsctl {
    uint32_t control_code;
    uint32_t flags;          // 0
    uint32_t input_length;   // bytes of input; only the first 488 count
    uint32_t output_length;  // bytes offered for the output; more than 488 count as 488
    int32_t status;          // out: NTSTATUS; negative is an error
    uint32_t information;    // out: bytes of output written
    uint8_t buffer[488];
};

#define BYPASSIO_IOC_FSCTL _IOWR('B', 1, struct bypassio_fsctl)  // 0xC2004201

// FS_BPIO_OPERATIONS
enum bypassio_operation {
    BYPASSIO_OP_ENABLE = 1,
    BYPASSIO_OP_DISABLE = 2,
    BYPASSIO_OP_QUERY = 3,
    BYPASSIO_OP_VOLUME_STACK_PAUSE = 4,
    BYPASSIO_OP_VOLUME_STACK_RESUME = 5,
    BYPASSIO_OP_STREAM_PAUSE = 6,
    BYPASSIO_OP_STREAM_RESUME = 7,
    BYPASSIO_OP_GET_INFO = 8
};

// FS_BPIO_INFLAGS
#define BYPASSIO_INFL_NONE 0U
#define BYPASSIO_INFL_SKIP_STORAGE_STACK_QUERY 1U

// FS_BPIO_OUTFLAGS
#define BYPASSIO_OUTFL_VOLUME_STACK_BYPASS_PAUSED 1U
#define BYPASSIO_OUTFL_STREAM_BYPASS_PAUSED 2U
#define BYPASSIO_OUTFL_FILTER_ATTACH_BLOCKED 4U
#define BYPASSIO_OUTFL_COMPATIBLE_STORAGE_DRIVER 8U

// FS_BPIO_INPUT
struct fs_bpio_input {
    uint32_t operation;
    uint32_t in_flags;
    uint64_t reserved1;
    uint64_t reserved2;
};

// FS_BPIO_RESULTS. Names and reasons are UTF-16 and need not end in a NUL; their lengths count
// UTF-16 units, not bytes. bypassio_failing_driver and bypassio_failure_reason return them as
// UTF-8.
struct fs_bpio_results {
    int32_t op_status;                    // NTSTATUS; negative is a veto
    uint16_t failing_driver_name_length;  // in UTF-16 units
    uint16_t failing_driver_name[32];
    uint16_t failure_reason_length;       // in UTF-16 units
    uint16_t failure_reason[128];
};

// FS_BPIO_INFO; bypassio_storage_driver returns the name as UTF-8.
struct fs_bpio_info {
    uint32_t active_bypass_io_count;      // open file objects of the volume with bypass
    uint16_t storage_driver_name_length;  // in UTF-16 units
    uint16_t storage_driver_name[32];
};

// FS_BPIO_OUTPUT
struct fs_bpio_output {
    uint32_t operation;
    uint32_t out_flags;
    uint64_t reserved1;
    uint64_t reserved2;
    union {
        struct fs_bpio_results results;
        struct fs_bpio_info info;
    };
};

// Sends a control code to an open file or directory. Returns 0 if it reached the volume: *status is
// the answer, and the first *information bytes of the output were written. Returns -errno if it did
// not: ENOTTY (no bypassio volume), EBADF, ENOTCONN (the volume's service is gone). Buffers may be
// larger than the 488 bytes that are carried: at most the first 488 bytes of the input are sent,
// and at most 488 come back.
int bypassio_fsctl(
    int fd, uint32_t control_code, const void *input, uint32_t input_length, void *output,
    uint32_t output_length, int32_t *status, uint32_t *information);

// Sends an operation of FSCTL_MANAGE_BYPASS_IO. Returns as bypassio_fsctl; *output is zeroed first.
int bypassio_manage(
    int fd, enum bypassio_operation operation, uint32_t in_flags, struct fs_bpio_output *output,
    int32_t *status);

int bypassio_enable(int fd, struct fs_bpio_output *output, int32_t *status);
int bypassio_disable(int fd, struct fs_bpio_output *output, int32_t *status);
int bypassio_query(int fd, struct fs_bpio_output *output, int32_t *status);

// Sizes in bytes for any driver's name and any reason as UTF-8, with the NUL.
#define BYPASSIO_DRIVER_NAME_SIZE (3 * 32 + 1)
#define BYPASSIO_REASON_SIZE (3 * 128 + 1)

// Puts UTF-16 units into `text` as UTF-8 with a NUL behind them. Half of a surrogate pair without
// its other half becomes U+FFFD. Text beyond `size` bytes is cut, never within a character. Returns
// the bytes of the whole text without the NUL, as snprintf does: `size` or more means that it was
// cut. With a size of 0 nothing is written, and `text` may be NULL.
size_t bypassio_utf8(const uint16_t *units, size_t count, char *text, size_t size);

// The texts of an answer, by bypassio_utf8. A length beyond the structure's capacity is clamped.
size_t bypassio_failing_driver(const struct fs_bpio_results *results, char *text, size_t size);
size_t bypassio_failure_reason(const struct fs_bpio_results *results, char *text, size_t size);
size_t bypassio_storage_driver(const struct fs_bpio_info *info, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
