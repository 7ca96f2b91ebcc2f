#define _GNU_SOURCE
#include "ways.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t read_and_close(struct bench *b, int file, int64_t offset) {
    if (file < 0) return -errno;
    read_only_what_is_asked(file);
    int64_t count = answer_of(pread(file, b->page, page_size, offset));
    close(file);
    return count;
}

static int64_t before_by_path(struct bench *b, int64_t offset) {
    return read_and_close(b, open(b->path, O_RDONLY | O_CLOEXEC), offset);
}

static int64_t nothing_before(struct bench *b) {
    (void)b;
    return 0;
}

static int64_t leave_namespace(struct bench *b) {
    (void)b;
    if (unshare(CLONE_NEWNS) < 0) return -errno;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

static int64_t open_in_namespace(struct bench *b) {
    int64_t left = leave_namespace(b);
    return left < 0 ? left : open_plainly(b);
}

static int64_t read_file(struct bench *b, int64_t offset) {
    return answer_of(pread(b->file, b->page, page_size, offset));
}

static int64_t enter_folder(struct bench *b) {
    const char *slash = strrchr(b->path, '/');
    if (slash == NULL) return -EINVAL;
    snprintf(b->place, sizeof b->place, "%.*s", (int)(slash - b->path), b->path);
    return chdir(b->place) < 0 ? -errno : 0;
}

// In a child, which inherits the working directory.
static int64_t by_working_directory(struct bench *b, int64_t offset) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    int child = fork();
    if (child < 0) return -errno;
    if (child == 0) {
        const char *name = strrchr(b->path, '/') + 1;
        int64_t count = read_and_close(b, openat(AT_FDCWD, name, O_RDONLY | O_CLOEXEC), offset);
        memcpy(b->page + page_size, &count, sizeof count);
        _exit(write(ends[1], b->page, page_size + sizeof count) < 0);
    }
    close(ends[1]);
    size_t have = 0;
    int64_t result = -EPIPE;
    while (have < page_size + sizeof result) {
        ssize_t count = read(ends[0], b->page + have, page_size + sizeof result - have);
        if (count <= 0 && errno != EINTR) break;
        if (count > 0) have += (size_t)count;
    }
    close(ends[0]);
    waitpid(child, NULL, 0);
    if (have == page_size + sizeof result) memcpy(&result, b->page + page_size, sizeof result);
    return result;
}

static int64_t send_descriptor(int socket, int file) {
    char byte = 0, room[CMSG_SPACE(sizeof file)] = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof file);
    memcpy(CMSG_DATA(header), &file, sizeof file);
    return sendmsg(socket, &message, 0);
}

static int64_t receive_descriptor(struct bench *b, int socket) {
    char byte = 0, room[CMSG_SPACE(sizeof b->file)];
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    if (recvmsg(socket, &message, 0) < 0) return -errno;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS) return -EBADMSG;
    memcpy(&b->file, CMSG_DATA(header), sizeof b->file);
    return 0;
}

static int64_t get_passed(struct bench *b) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
    int child = fork();
    if (child < 0) return -errno;
    if (child == 0) _exit(open_plainly(b) < 0 || send_descriptor(ends[1], b->file) < 0);
    close(ends[1]);
    int64_t result = receive_descriptor(b, ends[0]);
    close(ends[0]);
    waitpid(child, NULL, 0);
    return result;
}

static int64_t open_path_only(struct bench *b) { return open_file(b, O_PATH); }

static int64_t by_link(struct bench *b, int64_t offset) {
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/fd/%d", getpid(), b->file);
    return read_and_close(b, open(link, O_RDONLY | O_CLOEXEC), offset);
}

static int64_t get_handle(struct bench *b) {
    struct file_handle *handle = (void *)b->handle;
    int mount;
    handle->handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(AT_FDCWD, b->path, handle, &mount, 0) < 0) return -errno;
    return enter_folder(b);
}

static int64_t by_handle(struct bench *b, int64_t offset) {
    int folder = open(b->place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return -errno;
    int file = open_by_handle_at(folder, (void *)b->handle, O_RDONLY | O_CLOEXEC);
    int64_t count = read_and_close(b, file, offset);
    close(folder);
    return count;
}

const struct way open_ways[] = {
    {"opened-after", nothing_before, before_by_path, NULL},
    {"opened-after-beside", NULL, before_by_path, NULL},
    {"namespace", open_in_namespace, read_file, NULL},
    {"namespace-opened-after", leave_namespace, before_by_path, NULL},
    {"working-directory", enter_folder, by_working_directory, NULL},
    {"passed-descriptor", get_passed, read_file, NULL},
    {"proc-pid-fd", NULL, by_link, NULL},
    {"o-path", open_path_only, by_link, NULL},
    {"file-handle", get_handle, by_handle, NULL},
    {NULL, NULL, NULL, NULL},
};
