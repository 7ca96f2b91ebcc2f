#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { populate_read = 22 };

int64_t map_file(struct bench *b, int flags) {
    b->memory = mmap(NULL, file_size, PROT_READ, flags, b->file, 0);
    if (b->memory == MAP_FAILED) return -errno;
    return madvise(b->memory, file_size, MADV_RANDOM) < 0 ? -errno : 0;
}

static int64_t map_before(struct bench *b) {
    int64_t opened = open_plainly(b);
    return opened < 0 ? opened : map_file(b, MAP_SHARED);
}

static int64_t map_privately(struct bench *b) {
    int64_t opened = open_plainly(b);
    return opened < 0 ? opened : map_file(b, MAP_PRIVATE);
}

int64_t copy_page(struct bench *b, const char *from) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    int64_t moved = answer_of(write(ends[1], from, page_size));
    if (moved > 0) moved = answer_of(read(ends[0], b->page, (size_t)moved));
    close(ends[0]);
    close(ends[1]);
    return moved;
}

static int64_t touch(struct bench *b, int64_t offset) { return copy_page(b, b->memory + offset); }

static int64_t map_and_touch(struct bench *b, int64_t offset, int flags) {
    int64_t mapped = map_file(b, flags);
    if (mapped < 0) return mapped;
    int64_t moved = copy_page(b, b->memory + offset);
    munmap(b->memory, file_size);
    return moved;
}

static int64_t map_after(struct bench *b, int64_t o) { return map_and_touch(b, o, MAP_SHARED); }
static int64_t map_populated(struct bench *b, int64_t o) {
    return map_and_touch(b, o, MAP_PRIVATE | MAP_POPULATE);
}

static int64_t nothing_before(struct bench *b) {
    (void)b;
    return 0;
}

static int64_t open_and_map(struct bench *b, int64_t offset) {
    int before = b->file;
    int64_t opened = open_plainly(b);
    int64_t moved = opened < 0 ? opened : map_and_touch(b, offset, MAP_SHARED);
    if (opened >= 0) close(b->file);
    b->file = before;
    return moved;
}

static int64_t will_need(struct bench *b, int64_t offset) {
    return madvise(b->memory + offset, page_size, MADV_WILLNEED) < 0 ? -errno : no_bytes;
}

static int64_t populate(struct bench *b, int64_t offset) {
    if (madvise(b->memory + offset, page_size, populate_read) < 0) return -errno;
    return touch(b, offset);
}

// A process that has mapped the file and does nothing.
static int64_t start_mapping_process(struct bench *b) {
    int64_t mapped = map_before(b);
    if (mapped < 0) return mapped;
    b->process = fork();
    if (b->process < 0) return -errno;
    if (b->process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
    }
    // Only the other process has it now.
    munmap(b->memory, file_size);
    return 0;
}

static int64_t by_process_memory(struct bench *b, int64_t offset) {
    struct iovec here = {b->page, page_size}, there = {b->memory + offset, page_size};
    return answer_of(process_vm_readv(b->process, &here, 1, &there, 1, 0));
}

static int64_t by_ptrace(struct bench *b, int64_t offset) {
    if (ptrace(PTRACE_ATTACH, b->process, NULL, NULL) < 0) return -errno;
    int status;
    while (waitpid(b->process, &status, __WALL) < 0)
        if (errno != EINTR) return -errno;
    int64_t result = page_size;
    for (int64_t at = 0; at < page_size && result > 0; at += (int64_t)sizeof(long)) {
        errno = 0;
        long word = ptrace(PTRACE_PEEKDATA, b->process, b->memory + offset + at, NULL);
        if (errno != 0) result = -errno;
        *(long *)(void *)(b->page + at) = word;
    }
    ptrace(PTRACE_DETACH, b->process, NULL, NULL);
    return result;
}

static int64_t by_memory_file(struct bench *b, int64_t offset) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", b->process);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    if (memory < 0) return -errno;
    int64_t count = answer_of(pread(memory, b->page, page_size, (off_t)(b->memory + offset)));
    close(memory);
    return count;
}

static void end_process(struct bench *b) {
    if (b->process <= 0) return;
    kill(b->process, SIGKILL);
    waitpid(b->process, NULL, __WALL);
}

const struct way memory_ways[] = {
    {"mmap-before", map_before, touch, NULL},
    {"mmap-private-before", map_privately, touch, NULL},
    {"mmap-after", NULL, map_after, NULL},
    {"mmap-populate", NULL, map_populated, NULL},
    {"mmap-opened-after", nothing_before, open_and_map, NULL},
    {"mmap-opened-after-beside", NULL, open_and_map, NULL},
    {"madvise-willneed", map_before, will_need, NULL},
    {"madvise-populate-read", map_before, populate, NULL},
    {"process_vm_readv", start_mapping_process, by_process_memory, end_process},
    {"ptrace", start_mapping_process, by_ptrace, end_process},
    {"proc-pid-mem", start_mapping_process, by_memory_file, end_process},
    {NULL, NULL, NULL, NULL},
};
