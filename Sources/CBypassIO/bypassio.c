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
    const uint32_t carried = sizeof message.buffer;
    if (input_length > 0)
        memcpy(message.buffer, input, input_length < carried ? input_length : carried);
    if (ioctl(fd, BYPASSIO_IOC_FSCTL, &message) != 0) return -errno;
    uint32_t room = output_length < carried ? output_length : carried;
    uint32_t written = message.information < room ? message.information : room;
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

// The character that begins at units[*next]; moves *next behind it.
static uint32_t next_character(const uint16_t *units, size_t count, size_t *next) {
    uint32_t unit = units[(*next)++];
    if (unit < 0xD800 || unit > 0xDFFF) return unit;
    if (unit > 0xDBFF || *next == count) return 0xFFFD;
    uint32_t other = units[*next];
    if (other < 0xDC00 || other > 0xDFFF) return 0xFFFD;
    ++*next;
    return 0x10000 + ((unit - 0xD800) << 10) + (other - 0xDC00);
}

static size_t encode(uint32_t character, unsigned char bytes[4]) {
    if (character < 0x80) {
        bytes[0] = (unsigned char)character;
        return 1;
    }
    size_t length = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (unsigned char)(0x80 | (character & 0x3F));
        character >>= 6;
    }
    bytes[0] = (unsigned char)(0xF00U >> length | character);
    return length;
}

size_t bypassio_utf8(const uint16_t *units, size_t count, char *text, size_t size) {
    size_t whole = 0, kept = 0;
    int fits = size > 0;
    for (size_t next = 0; next < count;) {
        unsigned char bytes[4];
        size_t length = encode(next_character(units, count, &next), bytes);
        // Once a character did not fit, no shorter one behind it may fit, either.
        fits = fits && length < size - kept;
        if (fits) {
            memcpy(text + kept, bytes, length);
            kept += length;
        }
        whole += length;
    }
    if (size > 0) text[kept] = 0;
    return whole;
}

static size_t bounded(uint16_t length, size_t capacity) {
    return length < capacity ? length : capacity;
}

size_t bypassio_failing_driver(const struct fs_bpio_results *results, char *text, size_t size) {
    return bypassio_utf8(
        results->failing_driver_name, bounded(results->failing_driver_name_length, 32), text, size);
}

size_t bypassio_failure_reason(const struct fs_bpio_results *results, char *text, size_t size) {
    return bypassio_utf8(
        results->failure_reason, bounded(results->failure_reason_length, 128), text, size);
}

size_t bypassio_storage_driver(const struct fs_bpio_info *info, char *text, size_t size) {
    return bypassio_utf8(
        info->storage_driver_name, bounded(info->storage_driver_name_length, 32), text, size);
}
