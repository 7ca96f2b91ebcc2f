#define _GNU_SOURCE
#include "recovery_table.h"

#if defined(__linux__)

#include <stdlib.h>
#include <string.h>

// 0 without room. Under the lock.
static uint32_t take(struct free_list *list, uint32_t *used, uint32_t most) {
    if (list->count > 0) return list->places[--list->count];
    uint32_t next = LOOK(*used);
    if (next >= most) return 0;
    PUBLISH(*used, next + 1);
    return next;
}

// Without memory for the list the place is used no more. Under the lock.
static void give(struct free_list *list, uint32_t place) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 1024;
        uint32_t *places = realloc(list->places, capacity * sizeof *places);
        if (!places) return;
        list->places = places;
        list->capacity = capacity;
    }
    list->places[list->count++] = place;
}

// The first unit of a name that is written whole; 0 without room. Under the lock.
static uint32_t write_name(
    struct bpio_table *table, uint32_t parent, const uint8_t *name, size_t length) {
    struct table_memory *memory = table->memory;
    uint32_t first = take(&table->names, &memory->names_used, BPIO_TABLE_NAMES);
    if (first == 0) return 0;
    struct name_unit *unit = &memory->names[first];
    unit->first.parent = parent;
    unit->first.length = (uint16_t)length;
    unit->next = 0;
    size_t part = length < sizeof unit->first.bytes ? length : sizeof unit->first.bytes;
    memcpy(unit->first.bytes, name, part);
    for (size_t done = part; done < length; done += part) {
        uint32_t next = take(&table->names, &memory->names_used, BPIO_TABLE_NAMES);
        if (next == 0) return 0;
        unit->next = next;
        unit = &memory->names[next];
        unit->next = 0;
        part = length - done < sizeof unit->rest ? length - done : sizeof unit->rest;
        memcpy(unit->rest, name + done, part);
    }
    return first;
}

static void free_name(struct bpio_table *table, uint32_t first) {
    // A name has five units at most; a circle cannot be.
    for (int count = 0; first != 0 && count < 8; count++) {
        uint32_t next = table->memory->names[first].next;
        give(&table->names, first);
        first = next;
    }
}

static void note_lack_of_room(struct bpio_table *table) {
    bpio_table_set_word(table, BPIO_TABLE_IS_INCOMPLETE, 1);
}

uint32_t bpio_table_add_node(struct bpio_table *table, const struct bpio_table_node *node) {
    pthread_mutex_lock(&table->lock);
    uint32_t place = take(&table->nodes, &table->memory->nodes_used, BPIO_TABLE_NODES);
    pthread_mutex_unlock(&table->lock);
    if (place == 0) {
        note_lack_of_room(table);
        return 0;
    }
    struct bpio_table_node *slot = &table->memory->nodes[place];
    PUBLISH(slot->state, 0);
    memcpy((uint8_t *)slot + sizeof slot->state, (const uint8_t *)node + sizeof slot->state,
        sizeof *slot - sizeof slot->state);
    slot->name = 0;
    PUBLISH(slot->state, node->state | BPIO_NODE_IS_THERE);
    return place;
}

void bpio_table_remove_node(struct bpio_table *table, uint32_t node) {
    if (node == 0 || node >= BPIO_TABLE_NODES) return;
    struct bpio_table_node *slot = &table->memory->nodes[node];
    PUBLISH(slot->state, 0);
    uint32_t name = slot->name;
    PUBLISH(slot->name, 0);
    pthread_mutex_lock(&table->lock);
    free_name(table, name);
    give(&table->nodes, node);
    pthread_mutex_unlock(&table->lock);
}

void bpio_table_set_node_state(struct bpio_table *table, uint32_t node, uint32_t state) {
    if (node == 0 || node >= BPIO_TABLE_NODES) return;
    PUBLISH(table->memory->nodes[node].state, state | BPIO_NODE_IS_THERE);
}

void bpio_table_set_lookups(struct bpio_table *table, uint32_t node, uint64_t count) {
    if (node == 0 || node >= BPIO_TABLE_NODES) return;
    PUBLISH(table->memory->nodes[node].lookups, count);
}

void bpio_table_set_held(
    struct bpio_table *table, uint32_t node, int32_t descriptor, int32_t flags) {
    if (node == 0 || node >= BPIO_TABLE_NODES) return;
    struct bpio_table_node *slot = &table->memory->nodes[node];
    PUBLISH(slot->held, 0);
    slot->held_flags = (uint32_t)flags;
    PUBLISH(slot->held, descriptor < 0 ? 0 : (uint32_t)descriptor + 1);
}

void bpio_table_set_name(
    struct bpio_table *table, uint32_t node, uint32_t parent, const uint8_t *name, size_t length) {
    if (node == 0 || node >= BPIO_TABLE_NODES) return;
    if (length > BPIO_TABLE_NAME) return note_lack_of_room(table);
    struct bpio_table_node *slot = &table->memory->nodes[node];
    pthread_mutex_lock(&table->lock);
    uint32_t made = length > 0 ? write_name(table, parent, name, length) : 0;
    pthread_mutex_unlock(&table->lock);
    if (length > 0 && made == 0) note_lack_of_room(table);
    uint32_t former = slot->name;
    // The old name and the node above it, or the new ones: nothing in between.
    PUBLISH(slot->name, made);
    if (former == 0) return;
    pthread_mutex_lock(&table->lock);
    free_name(table, former);
    pthread_mutex_unlock(&table->lock);
}

// ---- for the successor ----

uint32_t bpio_table_node_count(const struct bpio_table *table) {
    uint32_t used = LOOK(table->memory->nodes_used);
    return used < BPIO_TABLE_NODES ? used : BPIO_TABLE_NODES;
}

int32_t bpio_table_node(
    const struct bpio_table *table, uint32_t node, struct bpio_table_node *copy) {
    if (node == 0 || node >= bpio_table_node_count(table)) return 0;
    *copy = table->memory->nodes[node];
    return (copy->state & BPIO_NODE_IS_THERE) != 0;
}

int32_t bpio_table_name(
    const struct bpio_table *table, uint32_t node, uint32_t *parent, uint8_t *name) {
    struct bpio_table_node copy;
    if (!bpio_table_node(table, node, &copy)) return -1;
    if (copy.name == 0 || copy.name >= BPIO_TABLE_NAMES) return -1;
    const struct name_unit *unit = &table->memory->names[copy.name];
    size_t length = unit->first.length;
    if (length == 0 || length > BPIO_TABLE_NAME) return -1;
    *parent = unit->first.parent;
    size_t part = length < sizeof unit->first.bytes ? length : sizeof unit->first.bytes;
    memcpy(name, unit->first.bytes, part);
    for (size_t done = part; done < length; done += part) {
        if (unit->next == 0 || unit->next >= BPIO_TABLE_NAMES) return -1;
        unit = &table->memory->names[unit->next];
        part = length - done < sizeof unit->rest ? length - done : sizeof unit->rest;
        memcpy(name + done, unit->rest, part);
    }
    return (int32_t)length;
}

#endif
