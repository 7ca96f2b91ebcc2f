#ifndef CCOROUTINES_H
#define CCOROUTINES_H

#include <stddef.h>

/// A thread of control with a stack of its own that runs only when it is switched to. All of a
/// process share the system's thread that made them, and what belongs to it: errno, thread-specific
/// data.
typedef struct coroutine coroutine;

/// What calls this; has the system's own stack.
coroutine *coroutine_main(void);

/// Calls `body` with `argument` when it is switched to first; `body` must not return. NULL: no
/// memory.
coroutine *coroutine_new(void (*body)(void *), void *argument, size_t stack_size);

/// The caller, which has to be `from`, goes on when somebody switches back to it.
void coroutine_switch(coroutine *from, coroutine *to);

#endif
