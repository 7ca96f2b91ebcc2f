#define _GNU_SOURCE
#include "CKernelABI.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// Numbers shared by every architecture since Linux 5.1.
enum { NR_RING_SETUP = 425, NR_RING_ENTER = 426, NR_RING_REGISTER = 427 };

static int32_t result_of(long value) {
    return value < 0 ? -errno : (int32_t)value;
}

int32_t bpio_ring_setup(uint32_t entries, struct bpio_ring_params *params) {
    return result_of(syscall(NR_RING_SETUP, entries, params));
}

int32_t bpio_ring_enter(
    int32_t ring, uint32_t to_submit, uint32_t min_complete, uint32_t flags,
    const struct bpio_getevents_arg *arg
) {
    // The last argument is the size of a signal mask unless EXT_ARG makes it the size of `arg`.
    size_t size = arg ? sizeof *arg : 0;
    return result_of(
        syscall(NR_RING_ENTER, ring, to_submit, min_complete, flags, arg, size));
}

int32_t bpio_ring_register(int32_t ring, uint32_t operation, const void *arg, uint32_t count) {
    return result_of(syscall(NR_RING_REGISTER, ring, operation, arg, count));
}

int32_t bpio_thread_id(void) {
    static __thread int32_t id;
    if (id == 0) id = (int32_t)syscall(SYS_gettid);
    return id;
}

_Static_assert(sizeof(pthread_t) == sizeof(unsigned long), "pthread_t is a word");

int32_t bpio_thread_start(
    unsigned long *thread, size_t stack_size, void *(*body)(void *), void *context
) {
    pthread_attr_t attributes;
    int32_t code = pthread_attr_init(&attributes);
    if (code != 0) return code;
    pthread_attr_setstacksize(&attributes, stack_size);
    code = pthread_create(thread, &attributes, body, context);
    pthread_attr_destroy(&attributes);
    return code;
}

void bpio_thread_name(const char *name) {
    pthread_setname_np(pthread_self(), name);
}

int32_t bpio_thread_real_time(void) {
    struct sched_param least = {.sched_priority = sched_get_priority_min(SCHED_RR)};
    return result_of(sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &least));
}

// Each limit by itself: a container may let a process raise only some.
static int32_t allow_at_least(int resource, rlim_t value) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) < 0) return -errno;
    if (limit.rlim_cur < value) limit.rlim_cur = value;
    if (limit.rlim_max < value) limit.rlim_max = value;
    return result_of(setrlimit(resource, &limit));
}

int32_t bpio_allow_prompt_threads(int32_t nice_limit) {
    int32_t real_time =
        allow_at_least(RLIMIT_RTPRIO, (rlim_t)sched_get_priority_min(SCHED_RR));
    int32_t niceness = allow_at_least(RLIMIT_NICE, (rlim_t)nice_limit);
    return real_time < 0 ? real_time : niceness;
}

int32_t bpio_event_counter(void) {
    return result_of(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

void bpio_event_counter_raise(int32_t counter) {
    // Refused only with 2^64 - 2 events pending; the polling thread then sees an event already.
    (void)eventfd_write(counter, 1);
}

void bpio_event_counter_reset(int32_t counter) {
    eventfd_t events;
    (void)eventfd_read(counter, &events);
}
