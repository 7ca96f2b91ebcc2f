// A function that callgrind finds by its name: Swift's optimiser gives copies of its own other
// names.
#pragma once

// Runs what is counted, on this thread.
void guarded_stretch(void (*_Nonnull body)(void *_Nonnull), void *_Nonnull context);
