#define _GNU_SOURCE
#include "perf.h"

#if defined(__linux__)

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int32_t bpio_perf_open_tracepoint(uint64_t tracepoint, int32_t thread)
{
    struct perf_event_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.type = PERF_TYPE_TRACEPOINT;
    attr.size = sizeof(attr);
    attr.config = tracepoint;
    attr.inherit = 1;
    long fd = syscall(SYS_perf_event_open, &attr, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
    return fd < 0 ? -errno : (int32_t)fd;
}

#endif
