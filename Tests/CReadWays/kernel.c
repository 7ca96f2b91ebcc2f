#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t read_file(struct bench *b, int64_t offset) {
    return answer_of(pread(b->file, b->page, page_size, offset));
}

// The file is a program.
static int64_t by_exec(struct bench *b, int64_t offset) {
    (void)offset;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    int child = fork();
    if (child < 0) return -errno;
    if (child == 0) {
        char *words[] = {(char *)b->path, NULL}, *none[] = {NULL};
        execve(b->path, words, none);
        int code = errno;
        _exit(write(ends[1], &code, sizeof code) < 0);
    }
    close(ends[1]);
    int code = 0;
    while (read(ends[0], &code, sizeof code) < 0 && errno == EINTR) continue;
    close(ends[0]);
    waitpid(child, NULL, 0);
    return code != 0 ? -code : program_ran;
}

static int64_t open_loop(struct bench *b, int how, uint32_t flags) {
    int64_t opened = open_file(b, how);
    if (opened < 0) return opened;
    read_only_what_is_asked(b->file);
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0) return -errno;
    // Another program may take the number between the two calls.
    int64_t result = -EBUSY;
    for (int attempt = 0; attempt < 20 && result == -EBUSY; attempt++) {
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        if (number < 0) return -errno;
        snprintf(b->place, sizeof b->place, "/dev/loop%d", number);
        b->other = open(b->place, O_RDONLY | O_DIRECT | O_CLOEXEC);
        if (b->other < 0) return -errno;
        struct loop_config config = {
            .fd = (uint32_t)b->file, .block_size = 0,
            .info = {.lo_flags = flags | LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR}};
        result = ioctl(b->other, LOOP_CONFIGURE, &config) < 0 ? -errno : 0;
        if (result < 0) close(b->other);
    }
    close(control);
    return result;
}

static int64_t loop(struct bench *b) { return open_loop(b, O_RDONLY, 0); }
static int64_t writable_loop(struct bench *b) { return open_loop(b, O_RDWR, 0); }
static int64_t direct_loop(struct bench *b) {
    return open_loop(b, O_RDONLY, LO_FLAGS_DIRECT_IO);
}

static int64_t by_loop(struct bench *b, int64_t offset) {
    return answer_of(pread(b->other, b->page, page_size, offset));
}

// Sets the loop device up while the gate is shut.
static int64_t loop_after(struct bench *b, int64_t offset) {
    int64_t made = open_loop(b, O_RDONLY, 0);
    if (made < 0) return made;
    int64_t count = by_loop(b, offset);
    close(b->other);
    return count;
}

static int64_t nothing_before(struct bench *b) {
    (void)b;
    return 0;
}

static int64_t mount_overlay(struct bench *b) {
    char lower[256], options[600];
    int length = snprintf(lower, sizeof lower, "%s", b->path);
    while (length > 0 && lower[length - 1] != '/') length--;
    if (length < 1) return -EINVAL;
    lower[length - 1] = 0;
    snprintf(options, sizeof options, "lowerdir=%s:%s", lower, b->folder);
    snprintf(b->place, sizeof b->place, "%s/overlay-%d", b->folder, getpid());
    // A namespace of its own: the mount ends with this process.
    if (unshare(CLONE_NEWNS) < 0) return -errno;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return -errno;
    if (mkdir(b->place, 0700) < 0) return -errno;
    if (mount("overlay", b->place, "overlay", MS_RDONLY, options) < 0) return -errno;
    snprintf(b->place, sizeof b->place, "%s/overlay-%d/%s", b->folder, getpid(), b->path + length);
    return 0;
}

static int64_t open_overlay(struct bench *b) {
    int64_t mounted = mount_overlay(b);
    if (mounted < 0) return mounted;
    b->file = open(b->place, O_RDONLY | O_CLOEXEC);
    return b->file < 0 ? -errno : 0;
}

static int64_t by_overlay_after(struct bench *b, int64_t offset) {
    int file = open(b->place, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    read_only_what_is_asked(file);
    int64_t count = answer_of(pread(file, b->page, page_size, offset));
    close(file);
    return count;
}

static int64_t map_overlay(struct bench *b) {
    int64_t opened = open_overlay(b);
    return opened < 0 ? opened : map_file(b, 1);
}

static int64_t touch(struct bench *b, int64_t offset) { return copy_page(b, b->memory + offset); }

const struct way kernel_ways[] = {
    {"exec", nothing_before, by_exec, NULL},
    {"exec-beside", NULL, by_exec, NULL},
    {"loop", loop, by_loop, NULL},
    {"loop-writable", writable_loop, by_loop, NULL},
    {"loop-direct", direct_loop, by_loop, NULL},
    {"loop-after", nothing_before, loop_after, NULL},
    {"overlayfs", open_overlay, read_file, NULL},
    {"overlayfs-opened-after", mount_overlay, by_overlay_after, NULL},
    {"overlayfs-mmap", map_overlay, touch, NULL},
    {NULL, NULL, NULL, NULL},
};
