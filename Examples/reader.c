// Reads a file of a bypassio volume past its filters, and says who is in the way if it cannot.
//
//     cc -I Sources/CBypassIO/include Examples/reader.c Sources/CBypassIO/bypassio.c -o reader
//     ./reader /mnt/games/level1.pak
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bypassio.h"

// The names are UTF-16; these are ASCII most of the time.
static void print_utf16(const uint16_t *text, uint16_t bytes) {
    for (int i = 0; i < bytes / 2; i++) putchar(text[i] < 0x80 ? (int)text[i] : '?');
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: %s FILE\n", arguments[0]);
        return 64;
    }
    int fd = open(arguments[1], O_RDONLY | O_DIRECT);
    if (fd < 0) {
        fprintf(stderr, "%s: %s\n", arguments[1], strerror(errno));
        return 66;
    }
    struct fs_bpio_output output;
    int32_t status;
    int error = bypassio_enable(fd, &output, &status);
    if (error == -ENOTTY) {
        puts("not a bypassio volume: reading as usual");
    } else if (error != 0 || status < 0) {
        printf("ENABLE failed: errno %d, NTSTATUS 0x%08X\n", -error, (unsigned)status);
    } else if (output.results.op_status < 0) {
        print_utf16(output.results.failing_driver_name, output.results.failing_driver_name_length);
        fputs(" refuses: ", stdout);
        print_utf16(output.results.failure_reason, output.results.failure_reason_length);
        putchar('\n');
    } else {
        puts("reads go past the filters");
    }
    void *buffer;
    if (posix_memalign(&buffer, 4096, 1 << 20) != 0) return 70;
    long long total = 0;
    ssize_t got;
    while ((got = read(fd, buffer, 1 << 20)) > 0) total += got;
    if (got < 0) {
        fprintf(stderr, "read: %s\n", strerror(errno));
        return 70;
    }
    printf("%lld bytes read\n", total);
    free(buffer);
    close(fd);
    return 0;
}
