// The form of a service's table in memory, for the files that write it.
#ifndef BYPASSIO_RECOVERY_TABLE_H
#define BYPASSIO_RECOVERY_TABLE_H

#include <pthread.h>

#include "recovery.h"

#define TABLE_MAGIC 0x656c626174706962ull
#define TABLE_VERSION 2u

// A part of a name. The first has the node above and 54 bytes, every further one 60.
struct name_unit {
    uint32_t next;
    union {
        struct {
            uint32_t parent;
            uint16_t length;
            uint8_t bytes[54];
        } first;
        uint8_t rest[60];
    };
};
_Static_assert(sizeof(struct name_unit) == 64, "a line of the cache");
_Static_assert(sizeof(struct bpio_table_node) == 64, "a line of the cache");
_Static_assert(sizeof(struct bpio_table_door) == 128, "two lines of the cache");
_Static_assert(sizeof(struct bpio_table_handle) == 64, "a line of the cache");

struct table_note {
    uint64_t length;
    uint8_t bytes[BPIO_TABLE_NOTES - 8];
};

// All of it is shared. Every record is found by a word that is stored last and released, so that a
// record is there whole or not at all. The reader comes when the writer is dead.
struct table_memory {
    uint64_t magic;
    uint32_t version;
    uint32_t size_check;
    uint64_t words[BPIO_TABLE_WORDS];
    // Above the highest place that was ever used.
    uint32_t nodes_used, names_used, handles_used, doors_used;
    // The newest note, from 1; 0 for none.
    uint32_t note;
    _Alignas(4096) struct table_note notes[2];
    _Alignas(4096) struct bpio_table_request requests[BPIO_TABLE_REQUESTS];
    _Alignas(4096) struct bpio_table_handle handles[BPIO_TABLE_HANDLES];
    _Alignas(4096) struct bpio_table_door doors[BPIO_TABLE_DOORS];
    _Alignas(4096) struct bpio_table_read reads[BPIO_TABLE_DOORS];
    _Alignas(4096) struct bpio_table_node nodes[BPIO_TABLE_NODES];
    _Alignas(4096) struct name_unit names[BPIO_TABLE_NAMES];
};

// Places that were used and are free.
struct free_list {
    uint32_t *places;
    size_t count, capacity;
};

struct bpio_table {
    struct table_memory *memory;
    int descriptor;
    // Of the free lists alone.
    pthread_mutex_t lock;
    struct free_list nodes, names;
};

// Stores a word so that all that was stored before is there with it.
#define PUBLISH(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELEASE)
#define LOOK(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)

#endif
