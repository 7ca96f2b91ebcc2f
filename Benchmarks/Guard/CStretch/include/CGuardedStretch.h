// A function that callgrind finds by its name: Swift's optimiser renames the copies it makes of its
// own functions.
#pragma once

// Runs the counted code, on the calling thread.
void guarded_stretch(void (*_Nonnull body)(void *_Nonnull), void *_Nonnull context);
