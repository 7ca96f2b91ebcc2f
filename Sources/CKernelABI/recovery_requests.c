#define _GNU_SOURCE
#include "recovery_table.h"

#if defined(__linux__)

#include <string.h>
#include <time.h>

// A request's places: those from where its number leads it. More requests than places are never
// under way, and a number's places are taken by others only if many come at once.
enum { most_steps = 64 };

// The kernel's numbers are even and rise; the top bit says that a request was sent again.
static uint64_t plain(uint64_t unique) { return unique & ~(1ull << 63); }

static struct bpio_table_request *place(struct bpio_table *table, uint64_t unique, int step) {
    uint64_t first = unique >> 1;
    return &table->memory->requests[(first + (uint64_t)step) % BPIO_TABLE_REQUESTS];
}

static struct bpio_table_request *found(struct bpio_table *table, uint64_t unique) {
    unique = plain(unique);
    for (int step = 0; step < most_steps; step++) {
        struct bpio_table_request *slot = place(table, unique, step);
        if (__atomic_load_n(&slot->unique, __ATOMIC_RELAXED) == unique) return slot;
    }
    return NULL;
}

void bpio_table_begin(struct bpio_table *table, uint64_t unique, uint32_t opcode) {
    // What was noted when it came first stays.
    if (unique != plain(unique) && found(table, unique)) return;
    unique = plain(unique);
    for (int step = 0; step < most_steps; step++) {
        struct bpio_table_request *slot = place(table, unique, step);
        uint64_t none = 0;
        // The thread that puts its number there has the place until it takes the number away.
        if (__atomic_load_n(&slot->unique, __ATOMIC_RELAXED) != 0
            || !__atomic_compare_exchange_n(
                &slot->unique, &none, unique, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            continue;
        struct timespec now;
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
        slot->opcode = opcode;
        slot->began = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
        slot->has_before = 0;
        slot->length = 0;
        PUBLISH(slot->phase, 1);
        return;
    }
}

void bpio_table_before(
    struct bpio_table *table, uint64_t unique, const uint64_t *words, uint32_t count) {
    struct bpio_table_request *slot = found(table, unique);
    if (!slot || count > sizeof slot->before / sizeof *slot->before) return;
    memcpy(slot->before, words, count * sizeof *words);
    PUBLISH(slot->has_before, count);
}

void bpio_table_done(
    struct bpio_table *table, uint64_t unique, const uint8_t *reply, size_t length) {
    struct bpio_table_request *slot = found(table, unique);
    if (!slot || length > sizeof slot->reply) return;
    memcpy(slot->reply, reply, length);
    slot->length = (uint32_t)length;
    PUBLISH(slot->phase, 2);
}

void bpio_table_over(struct bpio_table *table, uint64_t unique) {
    struct bpio_table_request *slot = found(table, unique);
    if (!slot) return;
    PUBLISH(slot->phase, 0);
    PUBLISH(slot->unique, 0);
}

void bpio_table_adopt(struct bpio_table *table, const struct bpio_table_request *request) {
    struct bpio_table_request *slot = NULL;
    for (int step = 0; step < most_steps; step++) {
        slot = place(table, request->unique, step);
        if (__atomic_load_n(&slot->unique, __ATOMIC_RELAXED) == 0) break;
        slot = NULL;
    }
    if (!slot) return;
    uint64_t unique = request->unique;
    uint32_t phase = request->phase;
    *slot = *request;
    PUBLISH(slot->phase, phase);
    PUBLISH(slot->unique, unique);
}

int32_t bpio_table_request(
    const struct bpio_table *table, uint32_t place, struct bpio_table_request *copy) {
    if (place >= BPIO_TABLE_REQUESTS) return 0;
    *copy = table->memory->requests[place];
    return copy->unique != 0 && copy->phase != 0 && copy->length <= sizeof copy->reply;
}

#endif
