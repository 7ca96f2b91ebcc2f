// Threads of our own.
#ifndef BYPASSIO_THREADS_H
#define BYPASSIO_THREADS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

// Starts a joinable thread that takes no signals: those belong to the program's own threads.
// Returns 0 or the errno number of pthread_create(3).
int32_t bpio_thread_start(
    pthread_t *_Nonnull thread, size_t stack_bytes,
    void *_Nullable (*_Nonnull body)(void *_Nullable), void *_Nullable context);

#endif
