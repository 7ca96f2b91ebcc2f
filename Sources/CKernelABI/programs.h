// What the files that start this program anew share. The kernel is called, and nothing else: a
// process that was cloned while other threads had locks may call it.
#ifndef BYPASSIO_PROGRAMS_H
#define BYPASSIO_PROGRAMS_H

#include <stddef.h>

// Finds the place of this program, where an upgrade puts the next; /proc/self/exe where access(2)
// refuses `mode` there: F_OK for an empty place, X_OK also for what cannot be run (yet). `capacity`
// has room for that at least.
void bpio_find_program(char *program, size_t capacity, int mode);

// Every descriptor above standard error is closed by the next program.
void bpio_close_all_on_exec(void);

#endif
