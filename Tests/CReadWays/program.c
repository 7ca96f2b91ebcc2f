#define _GNU_SOURCE
#include "CReadWays.h"
#include "ways.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct way *const all[] = {
    call_ways, ring_ways, memory_ways, open_ways, kernel_ways};

static const struct way *way_named(const char *name) {
    for (size_t group = 0; group < sizeof all / sizeof all[0]; group++)
        for (const struct way *way = all[group]; way->name != NULL; way++)
            if (name == NULL) puts(way->name);
            else if (strcmp(way->name, name) == 0) return way;
    return NULL;
}

int64_t answer_of(int64_t result) { return result < 0 ? -errno : result; }

int64_t open_file(struct bench *b, int flags) {
    b->file = open(b->path, flags | O_CLOEXEC);
    return b->file < 0 ? -errno : 0;
}

int64_t open_plainly(struct bench *b) { return open_file(b, O_RDONLY); }

void read_only_what_is_asked(int file) { posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM); }

static void say_answer(const struct bench *b, int64_t answer) {
    const char *name = answer < 0 ? strerrorname_np((int)-answer) : NULL;
    if (answer == no_bytes) puts("no bytes");
    else if (answer == program_ran) puts("ran");
    else if (name != NULL) printf("errno %s\n", name);
    else if (answer != page_size) printf("answer %lld\n", (long long)answer);
    else {
        int torn = 0;
        for (int i = 1; i < page_size; i++) torn |= b->page[i] != b->page[0];
        printf(torn ? "torn\n" : "byte %d\n", b->page[0]);
    }
    fflush(stdout);
}

int read_ways(int count, char **words) {
    if (count != 6) return way_named(NULL) == NULL ? count != 1 : 2;
    const struct way *way = way_named(words[1]);
    FILE *control = fopen(words[5], "re");
    if (way == NULL || control == NULL) return 2;
    struct bench b = {.path = words[2], .source = words[3], .folder = words[4], .file = -1,
                      .other = -1};
    b.page = mmap(
        NULL, 2 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b.page == MAP_FAILED) return 2;
    int64_t prepared = way->prepare != NULL ? way->prepare(&b) : open_plainly(&b);
    if (prepared < 0) printf("unprepared %s\n", strerrorname_np((int)-prepared));
    else puts("ready");
    fflush(stdout);
    long long offset;
    while (prepared >= 0 && fscanf(control, "%lld", &offset) == 1) {
        memset(b.page, 0, page_size);
        say_answer(&b, way->read(&b, offset));
    }
    if (way->finish != NULL) way->finish(&b);
    return 0;
}
