// A keeper's own words.
#ifndef BYPASSIO_RECOVERY_KEEPER_H
#define BYPASSIO_RECOVERY_KEEPER_H

#include "recovery.h"

// Writes a line; a log that takes none at once is left without it.
void bpio_keeper_tell(const struct bpio_keeper_log *log, const char *words);

#endif
