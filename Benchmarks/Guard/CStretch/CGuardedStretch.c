#include "CGuardedStretch.h"

__attribute__((noinline)) void guarded_stretch(void (*body)(void *), void *context) {
    body(context);
    // Prevents a tail call: callgrind has to see this function end.
    __asm__ volatile("" ::: "memory");
}
