#pragma once

// The ways by which a program gets at the bytes of a file, each as a pair of functions: what it
// does before the gate of the file is shut, and then one read of a page.

#include <stddef.h>
#include <stdint.h>

enum {
    page_size = 4096,
    file_size = 1 << 18,
    // The answer of a way that has ended well and hands out no bytes by itself, as readahead(2).
    no_bytes = -10000,
    // Of a way whose bytes are another process' answer, as execve(2).
    program_ran = -10001,
};

struct bench {
    const char *path;    // the file on the mount
    const char *source;  // the same file in SOURCE
    const char *folder;  // for files and mounts of this way's own
    int file;            // opened by prepare
    int other;           // a second descriptor: a pipe, a ring, a socket, a copy
    unsigned char *page; // aligned, where a read's bytes go
    char *memory;        // a mapping of the file
    int process;         // a helper
    char place[256];     // a path of the way's own
    unsigned char handle[160];
    void *ring;
};

struct way {
    const char *name;
    // 0 or -errno; NULL opens the file for reading.
    int64_t (*prepare)(struct bench *);
    // Bytes in `page`, -errno, or one of the answers above.
    int64_t (*read)(struct bench *, int64_t offset);
    // Removes what outlives a process; NULL if nothing does.
    void (*finish)(struct bench *);
};

extern const struct way call_ways[], ring_ways[], memory_ways[], open_ways[], kernel_ways[];

int64_t open_file(struct bench *, int flags);
int64_t open_plainly(struct bench *);
int64_t map_file(struct bench *, int flags);
// Copies from memory whose page may fail; EFAULT where a program's own access would raise SIGBUS.
int64_t copy_page(struct bench *, const char *from);
int64_t answer_of(int64_t result);
// Keeps the kernel from reading pages that nobody asked for.
void read_only_what_is_asked(int file);
