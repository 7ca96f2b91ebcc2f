#include "CCoroutines.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

struct coroutine {
    jmp_buf point;
    ucontext_t start;
    int has_begun;
    void (*body)(void *);
    void *argument;
};

coroutine *coroutine_main(void) {
    coroutine *new = calloc(1, sizeof *new);
    if (new) new->has_begun = 1;
    return new;
}

// makecontext passes ints only.
static void begin(unsigned high, unsigned low) {
    coroutine *me = (coroutine *)((uintptr_t)high << 16 << 16 | low);
    me->body(me->argument);
    abort();
}

coroutine *coroutine_new(void (*body)(void *), void *argument, size_t stack_size) {
    coroutine *new = coroutine_main();
    if (!new) return NULL;
    void *stack = mmap(
        NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED || getcontext(&new->start) != 0) {
        free(new);
        return NULL;
    }
    new->has_begun = 0;
    new->body = body;
    new->argument = argument;
    new->start.uc_stack.ss_sp = stack;
    new->start.uc_stack.ss_size = stack_size;
    makecontext(
        &new->start, (void (*)(void))begin, 2, (unsigned)((uintptr_t)new >> 16 >> 16),
        (unsigned)(uintptr_t)new);
    return new;
}

// Jumps instead of swapcontext(3), which asks the kernel for the signal mask each time.
void coroutine_switch(coroutine *from, coroutine *to) {
    if (_setjmp(from->point) != 0) return;
    if (to->has_begun) _longjmp(to->point, 1);
    to->has_begun = 1;
    setcontext(&to->start);
    abort();
}
