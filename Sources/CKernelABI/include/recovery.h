// What a service that may die leaves to its successor (docs/restart.md): a table in memory that
// outlives the service, and a process, the keeper, that shares the service's descriptors.
#ifndef BYPASSIO_CKERNELABI_RECOVERY_H
#define BYPASSIO_CKERNELABI_RECOVERY_H

#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)

#pragma clang assume_nonnull begin

/// The parts of a table, of which the memory is taken as they are used.
#define BPIO_TABLE_NODES (1u << 24)
#define BPIO_TABLE_NAMES (1u << 25)
#define BPIO_TABLE_HANDLES (1u << 20)
#define BPIO_TABLE_REQUESTS (1u << 12)
#define BPIO_TABLE_NOTES (1u << 20)
/// Doors and reads that wait at gates, each by the number of its descriptor.
#define BPIO_TABLE_DOORS (1u << 20)
/// Opens of a door that the kernel has not reported.
#define BPIO_TABLE_EXPECTED 6
/// Of a recorded reply, in bytes.
#define BPIO_TABLE_REPLY 640
/// Of a name, in bytes.
#define BPIO_TABLE_NAME 255

/// What a node's word may say.
enum {
    BPIO_NODE_IS_THERE = 1,
    BPIO_NODE_DIRECTORY = 1 << 1,
    BPIO_NODE_KNOWN = 1 << 2,
    BPIO_NODE_CURRENT = 1 << 3,
    BPIO_NODE_NUMBERED = 1 << 4,
    BPIO_NODE_HAS_BIRTH = 1 << 5,
};

/// A node as it was or is to be written.
struct bpio_table_node {
    uint32_t state;
    /// Of the name's first unit; 0 for none.
    uint32_t name;
    uint64_t number;
    uint64_t device;
    uint64_t inode;
    int64_t birth_seconds;
    uint32_t birth_nanoseconds;
    /// A descriptor and 1; 0 for none.
    uint32_t held;
    uint32_t held_flags;
    uint32_t spare;
    uint64_t lookups;
};

/// An open handle. State 0: there is none.
struct bpio_table_handle {
    uint32_t state;
    uint32_t generation;
    uint32_t node;
    int32_t descriptor;
    int32_t open_flags;
    uint32_t user;
    uint32_t group;
    int32_t process;
    /// What bypass and its like are, which change while the handle is open.
    uint32_t changing;
    uint32_t access;
    /// The request that opened it.
    uint64_t unique;
    /// Of the file that the kernel reads itself, or that is open past its cache; 0 for none.
    int32_t backing;
    /// The door's descriptor and 1; 0 where the kernel does not read for the handle.
    uint32_t door;
    /// Of the open through that door.
    uint64_t open;
};

/// An open that the kernel has not reported. Thread 0 for none.
struct bpio_table_open {
    uint32_t thread;
    uint32_t spare;
    uint64_t number;
};

/// A way for the kernel's reads. State 0: there is none.
struct bpio_table_door {
    uint32_t state;
    /// A descriptor of the file that no gate meets; -1 without a gate.
    int32_t unwatched;
    uint64_t number;
    uint64_t last_open;
    /// Something could not be written here.
    uint64_t has_missed;
    struct bpio_table_open expected[BPIO_TABLE_EXPECTED];
};

/// A read that waits at a gate. State 0: there is none.
struct bpio_table_read {
    uint32_t state;
    uint32_t thread;
    uint64_t gate;
    uint64_t offset;
    uint64_t length;
};

/// A request with effects.
struct bpio_table_request {
    uint64_t unique;
    /// 1: begun, 2: done.
    uint32_t phase;
    uint32_t opcode;
    /// CLOCK_REALTIME_COARSE, nanoseconds.
    int64_t began;
    /// What was there before, by the operation.
    uint64_t before[6];
    uint32_t has_before;
    uint32_t length;
    uint8_t reply[BPIO_TABLE_REPLY];
};

struct bpio_table;

/// A table in memory without a name, or NULL with errno. It stays until the process ends.
struct bpio_table *_Nullable bpio_table_make(void);
/// The table of another process, by its memory's descriptor, which is closed.
struct bpio_table *_Nullable bpio_table_open(int32_t memory);
/// Gives the mapping of another process' table back.
void bpio_table_close(struct bpio_table *table);

// Nodes. One thread at a time, but for taking and giving back.

/// A slot for a node, which is there from then on; 0 without room.
uint32_t bpio_table_add_node(struct bpio_table *table, const struct bpio_table_node *node);
void bpio_table_remove_node(struct bpio_table *table, uint32_t node);
void bpio_table_set_node_state(struct bpio_table *table, uint32_t node, uint32_t state);
void bpio_table_set_lookups(struct bpio_table *table, uint32_t node, uint64_t count);
void bpio_table_set_held(
    struct bpio_table *table, uint32_t node, int32_t descriptor, int32_t flags);
/// `length` 0: the node has no name.
void bpio_table_set_name(
    struct bpio_table *table, uint32_t node, uint32_t parent, const uint8_t *_Nullable name,
    size_t length);
/// False where there is no such node.
int32_t bpio_table_node(
    const struct bpio_table *table, uint32_t node, struct bpio_table_node *copy);
/// The name of a node: its length, or -1 for none; `parent` is the node above.
int32_t bpio_table_name(
    const struct bpio_table *table, uint32_t node, uint32_t *parent, uint8_t *name);
uint32_t bpio_table_node_count(const struct bpio_table *table);

// Handles. One thread at a time for each place.

void bpio_table_set_handle(
    struct bpio_table *table, uint32_t place, const struct bpio_table_handle *handle);
void bpio_table_change_handle(struct bpio_table *table, uint32_t place, uint32_t changing);
void bpio_table_remove_handle(struct bpio_table *table, uint32_t place, uint32_t generation);
int32_t bpio_table_handle(
    const struct bpio_table *table, uint32_t place, struct bpio_table_handle *copy);
uint32_t bpio_table_handle_count(const struct bpio_table *table);

// Doors and reads, by the numbers of descriptors. One thread at a time for each.

void bpio_table_set_door(
    struct bpio_table *table, int32_t number, const struct bpio_table_door *door);
void bpio_table_remove_door(struct bpio_table *table, int32_t number);
int32_t bpio_table_door(
    const struct bpio_table *table, uint32_t number, struct bpio_table_door *copy);
void bpio_table_set_read(
    struct bpio_table *table, int32_t number, const struct bpio_table_read *read);
void bpio_table_remove_read(struct bpio_table *table, int32_t number);
int32_t bpio_table_read(
    const struct bpio_table *table, uint32_t number, struct bpio_table_read *copy);
/// Above the number of every door and read.
uint32_t bpio_table_door_count(const struct bpio_table *table);

// Requests. Any thread.

void bpio_table_begin(struct bpio_table *table, uint64_t unique, uint32_t opcode);
void bpio_table_before(
    struct bpio_table *table, uint64_t unique, const uint64_t *words, uint32_t count);
void bpio_table_done(
    struct bpio_table *table, uint64_t unique, const uint8_t *reply, size_t length);
void bpio_table_over(struct bpio_table *table, uint64_t unique);
/// Writes down what another table had. Before any other thread writes.
void bpio_table_adopt(struct bpio_table *table, const struct bpio_table_request *request);
int32_t bpio_table_request(
    const struct bpio_table *table, uint32_t place, struct bpio_table_request *copy);

// What changes seldom. One thread at a time.

/// The newest note of the service about itself. Too long a note makes the table incomplete.
void bpio_table_note(struct bpio_table *table, const uint8_t *bytes, size_t length);
/// Its length, and its first bytes.
size_t bpio_table_noted(const struct bpio_table *table, uint8_t *bytes, size_t capacity);

/// Words of the whole table.
enum bpio_table_word {
    BPIO_TABLE_LAST_NUMBER,
    BPIO_TABLE_LEAVES_ACCESS_TIME,
    /// The volume was served to its end: there is nothing to take over.
    BPIO_TABLE_IS_OVER,
    /// Something could not be written.
    BPIO_TABLE_IS_INCOMPLETE,
    /// Another process has taken the place of the one that died.
    BPIO_TABLE_IS_TAKEN,
    /// When the service was found dead: CLOCK_REALTIME, nanoseconds.
    BPIO_TABLE_DEATH,
    /// Services in a row that died soon after their start.
    BPIO_TABLE_EARLY_DEATHS,
    /// The descriptor of /dev/fuse.
    BPIO_TABLE_DEVICE,
    /// Further descriptors that a successor inherits; -1 and 0 for none.
    BPIO_TABLE_PORT,
    BPIO_TABLE_UNMOUNTER,
    /// The gates' group, the guardian's channel, and the guardian's process.
    BPIO_TABLE_GROUP,
    BPIO_TABLE_CHANNEL,
    BPIO_TABLE_GUARDIAN,
    BPIO_TABLE_WORDS,
};
uint64_t bpio_table_word(const struct bpio_table *table, enum bpio_table_word word);
void bpio_table_set_word(struct bpio_table *table, enum bpio_table_word word, uint64_t value);

/// Where a keeper tells why nobody takes over: a line of the service's log, without the words.
struct bpio_keeper_log {
    enum bpio_keeper_log_kind {
        BPIO_KEEPER_LOG_NOWHERE,
        BPIO_KEEPER_LOG_STANDARD_ERROR,
        /// Lines are appended, and begin with the time.
        BPIO_KEEPER_LOG_FILE,
        BPIO_KEEPER_LOG_SOCKET,
    } kind;
    /// Of the file or the socket.
    const char *path;
    /// Before and behind the words.
    const char *before;
    const char *after;
};

/// What a keeper does when its process dies.
struct bpio_keeper_plan {
    /// Of the successor's environment: names the memory of the table.
    const char *variable;
    /// How long programs may wait for a successor, milliseconds.
    int64_t patience;
    /// Of a successor until it serves, as setpriority(2) counts.
    int32_t niceness;
    struct bpio_keeper_log log;
};

/// Starts the keeper of this process: a process of the same descriptors, not of the same memory.
/// When this one dies, it starts the program with `arguments`, and has it inherit what the table
/// names; without a successor in time it ends, and the kernel's connection with it. Returns the
/// process, or -errno.
///
/// `former` is the table of the process that this one succeeds: until that is taken, this keeper
/// does nothing. Its own keeper, this one's parent, is as urgent as this one is to be.
int32_t bpio_keeper_start(
    struct bpio_table *table, const struct bpio_table *_Nullable former,
    char *_Nullable const *_Nonnull arguments, const struct bpio_keeper_plan *plan);

#pragma clang assume_nonnull end

#endif

#endif
