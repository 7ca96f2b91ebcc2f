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

static void ask_for_bypass(int fd) {
    struct fs_bpio_output output;
    int32_t status;
    int error = bypassio_enable(fd, &output, &status);
    if (error == -ENOTTY) {
        puts("not a bypassio volume: reading as usual");
    } else if (error != 0) {
        printf("ENABLE was not sent: %s\n", strerror(-error));
    } else if (status < 0) {
        printf("ENABLE failed: NTSTATUS 0x%08X\n", (unsigned)status);
    } else if (output.results.op_status < 0) {
        char driver[BYPASSIO_DRIVER_NAME_SIZE], reason[BYPASSIO_REASON_SIZE];
        bypassio_failing_driver(&output.results, driver, sizeof driver);
        bypassio_failure_reason(&output.results, reason, sizeof reason);
        printf("%s refuses: %s\n", driver, reason);
    } else {
        puts("reads go past the filters");
        error = bypassio_manage(fd, BYPASSIO_OP_GET_INFO, 0, &output, &status);
        if (error == 0 && status >= 0) {
            char driver[BYPASSIO_DRIVER_NAME_SIZE];
            bypassio_storage_driver(&output.info, driver, sizeof driver);
            printf("storage driver: %s\n", driver);
        }
    }
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
    ask_for_bypass(fd);
    fflush(stdout);
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
