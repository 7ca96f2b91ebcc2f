#include "bypassio.h"

#include <errno.h>
#include <string.h>

#define CHECK(condition) _Static_assert(condition, #condition)

CHECK(sizeof(struct bypassio_fsctl) == 512);
CHECK(offsetof(struct bypassio_fsctl, status) == 16);
CHECK(offsetof(struct bypassio_fsctl, buffer) == 24);
CHECK(BYPASSIO_IOC_FSCTL == 0xC2004201UL);
CHECK(sizeof(struct fs_bpio_input) == 24);
CHECK(sizeof(struct fs_bpio_results) == 328);
CHECK(offsetof(struct fs_bpio_results, failure_reason_length) == 70);
CHECK(sizeof(struct fs_bpio_info) == 72);
CHECK(sizeof(struct fs_bpio_output) == 352);
CHECK(offsetof(struct fs_bpio_output, results) == 24);

int bypassio_fsctl(
    int fd, uint32_t control_code, const void *input, uint32_t input_length, void *output,
    uint32_t output_length, int32_t *status, uint32_t *information) {
    struct bypassio_fsctl message = {
        .control_code = control_code,
        .input_length = input_length,
        .output_length = output_length,
    };
    if (input_length > sizeof message.buffer || output_length > sizeof message.buffer)
        return -EINVAL;
    if (input_length > 0) memcpy(message.buffer, input, input_length);
    if (ioctl(fd, BYPASSIO_IOC_FSCTL, &message) != 0) return -errno;
    uint32_t written =
        message.information < output_length ? message.information : output_length;
    if (written > 0) memcpy(output, message.buffer, written);
    if (status) *status = message.status;
    if (information) *information = written;
    return 0;
}

int bypassio_manage(
    int fd, enum bypassio_operation operation, uint32_t in_flags, struct fs_bpio_output *output,
    int32_t *status) {
    struct fs_bpio_input input = {.operation = operation, .in_flags = in_flags};
    memset(output, 0, sizeof *output);
    return bypassio_fsctl(
        fd, BYPASSIO_FSCTL_MANAGE_BYPASS_IO, &input, sizeof input, output, sizeof *output,
        status, 0);
}

int bypassio_enable(int fd, struct fs_bpio_output *output, int32_t *status) {
    return bypassio_manage(fd, BYPASSIO_OP_ENABLE, 0, output, status);
}

int bypassio_disable(int fd, struct fs_bpio_output *output, int32_t *status) {
    return bypassio_manage(fd, BYPASSIO_OP_DISABLE, 0, output, status);
}

int bypassio_query(int fd, struct fs_bpio_output *output, int32_t *status) {
    return bypassio_manage(fd, BYPASSIO_OP_QUERY, 0, output, status);
}
