#define _GNU_SOURCE
#include "recovery_keeper.h"

#if defined(__linux__)

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// The keeper may have been cloned while other threads had locks: gmtime_r(3) takes that of the time
// zone.
static void write_time(char *room, size_t capacity) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t seconds = now.tv_sec % 86400;
    // Days since March 1 of the year 0, in cycles of 400, 100, 4 and 1 years.
    int64_t days = now.tv_sec / 86400 + 719468;
    int64_t cycle = days / 146097;
    int64_t day_of_cycle = days % 146097;
    int64_t year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 - day_of_cycle / 146096) / 365;
    int64_t day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * month + 2) / 5 + 1;
    int64_t year = cycle * 400 + year_of_cycle + (month >= 10 ? 1 : 0);
    snprintf(
        room, capacity, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", (int)year,
        (int)(month < 10 ? month + 3 : month - 9), (int)day, (int)(seconds / 3600),
        (int)(seconds / 60 % 60), (int)(seconds % 60), (int)(now.tv_nsec / 1000000));
}

static int open_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -1;
    strcpy(address.sun_path, path);
    int file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (file < 0 || connect(file, (struct sockaddr *)&address, sizeof address) == 0) return file;
    close(file);
    return -1;
}

static int open_log(const struct bpio_keeper_log *log) {
    switch (log->kind) {
    case BPIO_KEEPER_LOG_STANDARD_ERROR: return dup(STDERR_FILENO);
    case BPIO_KEEPER_LOG_FILE:
        return open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0640);
    case BPIO_KEEPER_LOG_SOCKET: return open_socket(log->path);
    case BPIO_KEEPER_LOG_NOWHERE: return -1;
    }
    return -1;
}

void bpio_keeper_tell(const struct bpio_keeper_log *log, const char *words) {
    int file = open_log(log);
    if (file < 0) return;
    char time[48] = "";
    if (log->kind == BPIO_KEEPER_LOG_FILE) write_time(time, sizeof time);
    const char *texts[] = {time, log->before, words, log->after};
    struct iovec parts[4];
    for (int part = 0; part < 4; part++)
        parts[part] = (struct iovec){(void *)(uintptr_t)texts[part], strlen(texts[part])};
    ssize_t written = writev(file, parts, 4);
    (void)written;
    close(file);
}

#endif
