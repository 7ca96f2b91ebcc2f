#define _GNU_SOURCE
#include "recovery_table.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct bpio_table *mapped(int descriptor) {
    struct bpio_table *table = calloc(1, sizeof *table);
    if (!table) return NULL;
    // No memory is taken before a page is used.
    void *memory = mmap(
        NULL, sizeof(struct table_memory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
        descriptor, 0);
    if (memory == MAP_FAILED) {
        free(table);
        return NULL;
    }
    table->memory = memory;
    table->descriptor = descriptor;
    pthread_mutex_init(&table->lock, NULL);
    return table;
}

struct bpio_table *bpio_table_make(void) {
    int descriptor = memfd_create("bypassio-table", MFD_CLOEXEC);
    if (descriptor < 0) return NULL;
    struct bpio_table *table = NULL;
    if (ftruncate(descriptor, sizeof(struct table_memory)) == 0) table = mapped(descriptor);
    if (!table) {
        int error = errno;
        close(descriptor);
        errno = error;
        return NULL;
    }
    struct table_memory *memory = table->memory;
    memory->version = TABLE_VERSION;
    memory->size_check = (uint32_t)(sizeof *memory >> 12);
    // 0 stands for none.
    PUBLISH(memory->nodes_used, 1);
    PUBLISH(memory->names_used, 1);
    PUBLISH(memory->magic, TABLE_MAGIC);
    return table;
}

struct bpio_table *bpio_table_open(int32_t descriptor) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) return NULL;
    struct bpio_table *table = NULL;
    if ((uint64_t)status.st_size == sizeof(struct table_memory)) table = mapped(descriptor);
    if (table
        && (LOOK(table->memory->magic) != TABLE_MAGIC || table->memory->version != TABLE_VERSION
            || table->memory->size_check != (uint32_t)(sizeof *table->memory >> 12))) {
        bpio_table_close(table);
        table = NULL;
    }
    if (!table) {
        errno = EINVAL;
        return NULL;
    }
    close(descriptor);
    table->descriptor = -1;
    return table;
}

void bpio_table_close(struct bpio_table *table) {
    munmap(table->memory, sizeof *table->memory);
    pthread_mutex_destroy(&table->lock);
    free(table->nodes.places);
    free(table->names.places);
    free(table);
}

uint64_t bpio_table_word(const struct bpio_table *table, enum bpio_table_word word) {
    return LOOK(table->memory->words[word]);
}

void bpio_table_set_word(struct bpio_table *table, enum bpio_table_word word, uint64_t value) {
    PUBLISH(table->memory->words[word], value);
}

// ---- notes ----

void bpio_table_note(struct bpio_table *table, const uint8_t *bytes, size_t length) {
    struct table_memory *memory = table->memory;
    if (length > sizeof memory->notes[0].bytes) {
        bpio_table_set_word(table, BPIO_TABLE_IS_INCOMPLETE, 1);
        return;
    }
    uint32_t newest = LOOK(memory->note);
    struct table_note *note = &memory->notes[newest % 2];
    memcpy(note->bytes, bytes, length);
    note->length = length;
    PUBLISH(memory->note, newest + 1);
}

size_t bpio_table_noted(const struct bpio_table *table, uint8_t *bytes, size_t capacity) {
    uint32_t newest = LOOK(table->memory->note);
    if (newest == 0) return 0;
    const struct table_note *note = &table->memory->notes[(newest - 1) % 2];
    if (note->length > sizeof note->bytes) return 0;
    memcpy(bytes, note->bytes, note->length < capacity ? note->length : capacity);
    return note->length;
}

// ---- handles ----

void bpio_table_set_handle(
    struct bpio_table *table, uint32_t place, const struct bpio_table_handle *handle) {
    struct table_memory *memory = table->memory;
    if (place >= BPIO_TABLE_HANDLES) {
        bpio_table_set_word(table, BPIO_TABLE_IS_INCOMPLETE, 1);
        return;
    }
    struct bpio_table_handle *slot = &memory->handles[place];
    uint32_t state = handle->state;
    PUBLISH(slot->state, 0);
    memcpy((uint8_t *)slot + sizeof slot->state, (const uint8_t *)handle + sizeof slot->state,
        sizeof *slot - sizeof slot->state);
    PUBLISH(slot->state, state);
    uint32_t used = LOOK(memory->handles_used);
    while (used <= place
           && !__atomic_compare_exchange_n(
               &memory->handles_used, &used, place + 1, 1, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {}
}

void bpio_table_change_handle(struct bpio_table *table, uint32_t place, uint32_t changing) {
    if (place < BPIO_TABLE_HANDLES) PUBLISH(table->memory->handles[place].changing, changing);
}

void bpio_table_remove_handle(struct bpio_table *table, uint32_t place, uint32_t generation) {
    if (place >= BPIO_TABLE_HANDLES) return;
    PUBLISH(table->memory->handles[place].state, 0);
    PUBLISH(table->memory->handles[place].generation, generation);
}

int32_t bpio_table_handle(
    const struct bpio_table *table, uint32_t place, struct bpio_table_handle *copy) {
    if (place >= bpio_table_handle_count(table)) return 0;
    *copy = table->memory->handles[place];
    copy->state = LOOK(table->memory->handles[place].state);
    return 1;
}

uint32_t bpio_table_handle_count(const struct bpio_table *table) {
    uint32_t used = LOOK(table->memory->handles_used);
    return used < BPIO_TABLE_HANDLES ? used : BPIO_TABLE_HANDLES;
}

#endif
