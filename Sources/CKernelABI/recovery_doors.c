#define _GNU_SOURCE
#include "recovery_table.h"

#if defined(__linux__)

#include <string.h>

// The number is one of a descriptor that may have a place here.
static int is_known(struct bpio_table *table, int32_t number) {
    if (number >= 0 && (uint32_t)number < BPIO_TABLE_DOORS) {
        uint32_t used = LOOK(table->memory->doors_used);
        while (used <= (uint32_t)number
               && !__atomic_compare_exchange_n(
                   &table->memory->doors_used, &used, (uint32_t)number + 1, 1, __ATOMIC_ACQ_REL,
                   __ATOMIC_ACQUIRE)) {}
        return 1;
    }
    bpio_table_set_word(table, BPIO_TABLE_IS_INCOMPLETE, 1);
    return 0;
}

void bpio_table_set_door(
    struct bpio_table *table, int32_t number, const struct bpio_table_door *door) {
    if (!is_known(table, number)) return;
    struct bpio_table_door *slot = &table->memory->doors[number];
    // Between two states of one door the old expected opens are there, or the new ones, or some of
    // both: an open too many does no harm, and none is left out that both have.
    slot->unwatched = door->unwatched;
    slot->number = door->number;
    slot->last_open = door->last_open;
    slot->has_missed = door->has_missed;
    memcpy(slot->expected, door->expected, sizeof slot->expected);
    PUBLISH(slot->state, door->state);
}

void bpio_table_remove_door(struct bpio_table *table, int32_t number) {
    if (number >= 0 && (uint32_t)number < BPIO_TABLE_DOORS)
        PUBLISH(table->memory->doors[number].state, 0);
}

int32_t bpio_table_door(
    const struct bpio_table *table, uint32_t number, struct bpio_table_door *copy) {
    if (number >= BPIO_TABLE_DOORS) return 0;
    *copy = table->memory->doors[number];
    return copy->state != 0;
}

void bpio_table_set_read(
    struct bpio_table *table, int32_t number, const struct bpio_table_read *read) {
    if (!is_known(table, number)) return;
    struct bpio_table_read *slot = &table->memory->reads[number];
    slot->thread = read->thread;
    slot->gate = read->gate;
    slot->offset = read->offset;
    slot->length = read->length;
    PUBLISH(slot->state, read->state);
}

void bpio_table_remove_read(struct bpio_table *table, int32_t number) {
    if (number >= 0 && (uint32_t)number < BPIO_TABLE_DOORS)
        PUBLISH(table->memory->reads[number].state, 0);
}

int32_t bpio_table_read(
    const struct bpio_table *table, uint32_t number, struct bpio_table_read *copy) {
    if (number >= BPIO_TABLE_DOORS) return 0;
    *copy = table->memory->reads[number];
    return copy->state != 0;
}

uint32_t bpio_table_door_count(const struct bpio_table *table) {
    uint32_t used = LOOK(table->memory->doors_used);
    return used < BPIO_TABLE_DOORS ? used : BPIO_TABLE_DOORS;
}

#endif
