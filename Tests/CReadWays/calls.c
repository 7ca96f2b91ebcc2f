#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

// Debian 12's headers do not name these.
enum { flag_not_append = 0x20, flag_atomic = 0x40, flag_dont_cache = 0x80, flag_no_signal = 0x100 };

static int64_t open_direct(struct bench *b) { return open_file(b, O_RDONLY | O_DIRECT); }

static int64_t by_read(struct bench *b, int64_t offset) {
    if (lseek(b->file, offset, SEEK_SET) < 0) return -errno;
    return answer_of(read(b->file, b->page, page_size));
}

static int64_t by_pread(struct bench *b, int64_t offset) {
    return answer_of(pread(b->file, b->page, page_size, offset));
}

static int64_t by_readv(struct bench *b, int64_t offset) {
    struct iovec parts[2] = {{b->page, 1024}, {b->page + 1024, page_size - 1024}};
    if (lseek(b->file, offset, SEEK_SET) < 0) return -errno;
    return answer_of(readv(b->file, parts, 2));
}

static int64_t with_flags(struct bench *b, int64_t offset, int flags) {
    struct iovec parts[2] = {{b->page, 1024}, {b->page + 1024, page_size - 1024}};
    return answer_of(preadv2(b->file, parts, 2, offset, flags));
}

static int64_t by_preadv(struct bench *b, int64_t o) { return with_flags(b, o, 0); }
static int64_t high_priority(struct bench *b, int64_t o) { return with_flags(b, o, RWF_HIPRI); }
static int64_t data_sync(struct bench *b, int64_t o) { return with_flags(b, o, RWF_DSYNC); }
static int64_t synchronous(struct bench *b, int64_t o) { return with_flags(b, o, RWF_SYNC); }
static int64_t not_waiting(struct bench *b, int64_t o) { return with_flags(b, o, RWF_NOWAIT); }
static int64_t append(struct bench *b, int64_t o) { return with_flags(b, o, RWF_APPEND); }
static int64_t no_append(struct bench *b, int64_t o) { return with_flags(b, o, flag_not_append); }
static int64_t atomic(struct bench *b, int64_t o) { return with_flags(b, o, flag_atomic); }
static int64_t no_cache(struct bench *b, int64_t o) { return with_flags(b, o, flag_dont_cache); }
static int64_t no_signal(struct bench *b, int64_t o) { return with_flags(b, o, flag_no_signal); }

static int64_t by_splice(struct bench *b, int64_t offset) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    loff_t from = offset;
    int64_t moved = answer_of(splice(b->file, &from, ends[1], NULL, page_size, 0));
    if (moved > 0) moved = answer_of(read(ends[0], b->page, (size_t)moved));
    close(ends[0]);
    close(ends[1]);
    return moved;
}

enum { pipes = 4 };

// Moves one page of each part of the file into a pipe, whose other end is kept.
static int64_t splice_ahead(struct bench *b) {
    int *kept = calloc(pipes, sizeof *kept);
    int64_t result = kept == NULL ? -ENOMEM : open_plainly(b);
    b->ring = kept;
    for (int part = 0; part < pipes && result >= 0; part++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
        loff_t from = part * (file_size / pipes);
        result = answer_of(splice(b->file, &from, ends[1], NULL, page_size, 0));
        close(ends[1]);
        kept[part] = ends[0];
    }
    return result;
}

static int64_t from_pipe(struct bench *b, int64_t offset) {
    const int *kept = b->ring;
    return answer_of(read(kept[offset / (file_size / pipes)], b->page, page_size));
}

static int64_t by_sendfile(struct bench *b, int64_t offset) {
    int memory = memfd_create("readways", MFD_CLOEXEC);
    if (memory < 0) return -errno;
    off_t from = offset;
    int64_t sent = answer_of(sendfile(memory, b->file, &from, page_size));
    if (sent > 0) sent = answer_of(pread(memory, b->page, (size_t)sent, 0));
    close(memory);
    return sent;
}

// A second file beside the first.
static int64_t open_with_copy(struct bench *b) {
    snprintf(b->place, sizeof b->place, "%s.copy", b->path);
    b->other = open(b->place, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return b->other < 0 ? -errno : open_plainly(b);
}

static int64_t by_copy(struct bench *b, int64_t offset) {
    loff_t from = offset, to = 0;
    int64_t copied = answer_of(copy_file_range(b->file, &from, b->other, &to, page_size, 0));
    return copied > 0 ? answer_of(pread(b->other, b->page, (size_t)copied, 0)) : copied;
}

static int64_t by_clone(struct bench *b, int64_t offset) {
    if (ioctl(b->other, FICLONE, b->file) < 0) return -errno;
    return answer_of(pread(b->other, b->page, page_size, offset));
}

static int64_t open_source_with_copy(struct bench *b) {
    snprintf(b->place, sizeof b->place, "%s.clone", b->source);
    b->other = open(b->place, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    b->file = open(b->source, O_RDONLY | O_CLOEXEC);
    return b->other < 0 || b->file < 0 ? -errno : 0;
}

static int64_t by_readahead(struct bench *b, int64_t offset) {
    return readahead(b->file, offset, page_size) < 0 ? -errno : no_bytes;
}

static int64_t by_advice(struct bench *b, int64_t offset) {
    int code = posix_fadvise(b->file, offset, page_size, POSIX_FADV_WILLNEED);
    return code != 0 ? -code : no_bytes;
}

const struct way call_ways[] = {
    {"read", NULL, by_read, NULL},
    {"pread", NULL, by_pread, NULL},
    {"pread-direct", open_direct, by_pread, NULL},
    {"readv", NULL, by_readv, NULL},
    {"preadv2", NULL, by_preadv, NULL},
    {"preadv2-hipri", NULL, high_priority, NULL},
    {"preadv2-dsync", NULL, data_sync, NULL},
    {"preadv2-sync", NULL, synchronous, NULL},
    {"preadv2-append", NULL, append, NULL},
    {"preadv2-noappend", NULL, no_append, NULL},
    {"preadv2-nowait", NULL, not_waiting, NULL},
    {"preadv2-atomic", NULL, atomic, NULL},
    {"preadv2-dontcache", NULL, no_cache, NULL},
    {"preadv2-nosignal", NULL, no_signal, NULL},
    {"splice", NULL, by_splice, NULL},
    {"splice-before", splice_ahead, from_pipe, NULL},
    {"sendfile", NULL, by_sendfile, NULL},
    {"copy-file-range", open_with_copy, by_copy, NULL},
    {"reflink", open_with_copy, by_clone, NULL},
    {"reflink-source", open_source_with_copy, by_clone, NULL},
    {"readahead", NULL, by_readahead, NULL},
    {"fadvise-willneed", NULL, by_advice, NULL},
    {NULL, NULL, NULL, NULL},
};
