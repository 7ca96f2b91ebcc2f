#define _GNU_SOURCE
#include "CAllocationCounter.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) \
    || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__linux__) && defined(__GLIBC__) && !defined(SANITIZED)
#define COUNTING 1
#endif

#if COUNTING

// In the executable's own thread-local block, so that touching it never allocates.
static __thread bool counts_here;
static __thread struct bpio_counts here;

static atomic_int threads_counting;
static atomic_uint_fast64_t allocations_everywhere;
static atomic_uint_fast64_t retains_everywhere;
static __thread uint64_t allocations_everywhere_before;
static __thread uint64_t retains_everywhere_before;

static inline void count_allocation(void) {
    if (counts_here) here.allocations++;
    if (atomic_load_explicit(&threads_counting, memory_order_relaxed) != 0)
        atomic_fetch_add_explicit(&allocations_everywhere, 1, memory_order_relaxed);
}

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

// The dynamic linker prefers the executable's definitions to the C library's.
void *malloc(size_t size) {
    count_allocation();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    count_allocation();
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    count_allocation();
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    count_allocation();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count_allocation();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    count_allocation();
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    void *block = __libc_memalign(alignment, size);
    if (block == NULL) return ENOMEM;
    *result = block;
    return 0;
}

void free(void *block) {
    if (counts_here && block != NULL) here.frees++;
    __libc_free(block);
}

// Counts the references that the program's own code takes. The runtime offers hooks (_swift_retain
// and its like), but in 6.3 they strip the tag from the word of a small string before they check
// for one, and pass a wild pointer. So these functions replace the runtime's entry points, as
// malloc does above. They do not see the counting inside the runtime. Where the platform's compiler
// assumes it, they preserve more registers than C functions must.
#if defined(__aarch64__)
#define RUNTIME_CALL __attribute__((preserve_most))
#else
#define RUNTIME_CALL
#endif

static void *next_definition(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

static inline void count_retains(uint32_t count) {
    if (counts_here) here.retains += count;
    if (atomic_load_explicit(&threads_counting, memory_order_relaxed) != 0)
        atomic_fetch_add_explicit(&retains_everywhere, count, memory_order_relaxed);
}

static inline void count_releases(uint32_t count) {
    if (counts_here) here.releases += count;
}

// Found at the first call, because libraries may count references before our constructors run. Two
// threads may both look it up; they find the same function.
#define DEFINITION_OF(name, type) \
    static _Atomic(type) found; \
    type real = atomic_load_explicit(&found, memory_order_relaxed); \
    if (__builtin_expect(real == NULL, 0)) { \
        real = (type)next_definition(name); \
        atomic_store_explicit(&found, real, memory_order_relaxed); \
    }

typedef void *(*RUNTIME_CALL retain_function)(void *);
typedef void (*RUNTIME_CALL release_function)(void *);
typedef void *(*RUNTIME_CALL retain_n_function)(void *, uint32_t);
typedef void (*RUNTIME_CALL release_n_function)(void *, uint32_t);

#define COUNTED_RETAIN(name) \
    RUNTIME_CALL void *name(void *object) { \
        DEFINITION_OF(#name, retain_function) \
        count_retains(1); \
        return real(object); \
    }
#define COUNTED_RELEASE(name) \
    RUNTIME_CALL void name(void *object) { \
        DEFINITION_OF(#name, release_function) \
        count_releases(1); \
        real(object); \
    }
#define COUNTED_RETAIN_N(name) \
    RUNTIME_CALL void *name(void *object, uint32_t count) { \
        DEFINITION_OF(#name, retain_n_function) \
        count_retains(count); \
        return real(object, count); \
    }
#define COUNTED_RELEASE_N(name) \
    RUNTIME_CALL void name(void *object, uint32_t count) { \
        DEFINITION_OF(#name, release_n_function) \
        count_releases(count); \
        real(object, count); \
    }

COUNTED_RETAIN(swift_retain)
COUNTED_RELEASE(swift_release)
COUNTED_RETAIN_N(swift_retain_n)
COUNTED_RELEASE_N(swift_release_n)
COUNTED_RETAIN(swift_bridgeObjectRetain)
COUNTED_RELEASE(swift_bridgeObjectRelease)
COUNTED_RETAIN_N(swift_bridgeObjectRetain_n)
COUNTED_RELEASE_N(swift_bridgeObjectRelease_n)

bool bpio_counting_available(void) {
    return true;
}

bool bpio_reference_counting_available(void) {
    return next_definition("swift_retain") != NULL;
}

void bpio_count_begin(void) {
    allocations_everywhere_before = atomic_load(&allocations_everywhere);
    retains_everywhere_before = atomic_load(&retains_everywhere);
    atomic_fetch_add(&threads_counting, 1);
    memset(&here, 0, sizeof here);
    counts_here = true;
}

void bpio_count_end(struct bpio_counts *counts) {
    counts_here = false;
    *counts = here;
    counts->allocations_all_threads =
        atomic_load(&allocations_everywhere) - allocations_everywhere_before;
    counts->retains_all_threads = atomic_load(&retains_everywhere) - retains_everywhere_before;
    atomic_fetch_sub(&threads_counting, 1);
}

#else

bool bpio_counting_available(void) {
    return false;
}

bool bpio_reference_counting_available(void) {
    return false;
}

void bpio_count_begin(void) {}

void bpio_count_end(struct bpio_counts *counts) {
    memset(counts, 0, sizeof *counts);
}

#endif
