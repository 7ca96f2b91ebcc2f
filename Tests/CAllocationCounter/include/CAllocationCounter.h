// Counts what a stretch of code allocates and how often it counts references, by standing in for
// the C allocator and for the Swift runtime's retain and release. Under a sanitizer, which stands
// in for the allocator itself, nothing is counted and bpio_counting_available() says so.
//
// Retains that the Swift runtime and standard library do inside their own shared object are not
// seen; those of the program, inlined library code included, are.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bpio_counts {
    // By the thread that called bpio_count_begin(). Every way to get memory counts as one;
    // realloc counts as one allocation and no free.
    uint64_t allocations;
    uint64_t frees;
    uint64_t retains;
    uint64_t releases;
    // By every thread of the process in the same time, this one included.
    uint64_t allocations_all_threads;
    uint64_t retains_all_threads;
};

// Whether allocations are counted in this build.
bool bpio_counting_available(void);

// Whether retains and releases are counted: the runtime must be a shared object.
bool bpio_reference_counting_available(void);

// Starts counting on this thread. Does not nest. Counting for all threads runs until every thread
// that began has ended.
void bpio_count_begin(void);

// Stops counting on this thread and reports what happened since.
void bpio_count_end(struct bpio_counts *_Nonnull counts);
