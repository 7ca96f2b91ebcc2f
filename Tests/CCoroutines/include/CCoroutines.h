#ifndef CCOROUTINES_H
#define CCOROUTINES_H

#include <stddef.h>

/// A thread of control with a stack of its own that runs only when another coroutine switches to
/// it. All coroutines of a process share the system thread that made them, with its errno and
/// thread-specific data.
typedef struct coroutine coroutine;

/// Makes a coroutine of the caller, on the system's own stack.
coroutine *coroutine_main(void);

/// Calls `body` with `argument` at the first switch to it; `body` must not return. Returns NULL if
/// there is no memory.
coroutine *coroutine_new(void (*body)(void *), void *argument, size_t stack_size);

/// The caller, which has to be `from`, continues when a coroutine switches back to it.
void coroutine_switch(coroutine *from, coroutine *to);

#endif
