#define _GNU_SOURCE
#include "threads.h"

#include <signal.h>

int32_t bpio_thread_start(
    pthread_t *thread, size_t stack_bytes, void *(*body)(void *), void *context) {
    pthread_attr_t attributes;
    int code = pthread_attr_init(&attributes);
    if (code != 0)
        return code;
    code = pthread_attr_setstacksize(&attributes, stack_bytes);
    sigset_t all, before;
    sigfillset(&all);
    // A thread inherits its maker's mask.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (code == 0)
        code = pthread_create(thread, &attributes, body, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return code;
}
