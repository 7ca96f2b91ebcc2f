#pragma once

// readways WAY FILE SOURCE-FILE FOLDER CONTROL
//
// Prepares one way of reading FILE, says "ready", and then reads a page for each line of the pipe
// CONTROL, an offset. It says each answer in a line: "byte 7", "errno EIO", "no bytes" or "ran".
// The end of the pipe ends it. FOLDER is for files and mounts of its own. Without arguments it
// lists the ways.
//
// Returns the exit code of the program.
int read_ways(int count, char *_Nullable *_Nonnull words);
