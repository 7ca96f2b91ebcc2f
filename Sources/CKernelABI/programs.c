#define _GNU_SOURCE
#include "programs.h"

#if defined(__linux__)

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { close_range_on_exec = 1 << 2 };

void bpio_find_program(char *program, size_t capacity, int mode) {
    static const char gone[] = " (deleted)";
    ssize_t length = readlink("/proc/self/exe", program, capacity - 1);
    size_t count = length < 0 ? 0 : (size_t)length;
    program[count] = 0;
    size_t tail = sizeof gone - 1;
    if (count > tail && strcmp(program + count - tail, gone) == 0) program[count - tail] = 0;
    if (access(program, mode) != 0) strcpy(program, "/proc/self/exe");
}

void bpio_close_all_on_exec(void) { syscall(SYS_close_range, 3, ~0U, close_range_on_exec); }

#endif
