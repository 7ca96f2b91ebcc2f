// Counts allocations and references in a stretch of code. The functions replace the C allocator and
// the Swift runtime's retain and release. Under a sanitizer, which replaces the allocator itself,
// nothing is counted, and bpio_counting_available() returns false.
//
// The Swift runtime and standard library also retain inside their own shared object; those retains
// are not counted. The program's retains are, including those of inlined library code.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bpio_counts {
    // Allocations of the thread that called bpio_count_begin(). Every way to get memory counts
    // once; realloc counts as an allocation without a free.
    uint64_t allocations;
    uint64_t frees;
    uint64_t retains;
    uint64_t releases;
    // Allocations of all threads of the process in the same time, this thread included.
    uint64_t allocations_all_threads;
    uint64_t retains_all_threads;
};

// Whether allocations are counted in this build.
bool bpio_counting_available(void);

// Whether retains and releases are counted: the runtime must be a shared object.
bool bpio_reference_counting_available(void);

// Starts counting on this thread. Calls do not nest. Counting for all threads runs until every
// thread that called this has called bpio_count_end().
void bpio_count_begin(void);

// Stops counting on this thread and reports the counts since bpio_count_begin().
void bpio_count_end(struct bpio_counts *_Nonnull counts);
