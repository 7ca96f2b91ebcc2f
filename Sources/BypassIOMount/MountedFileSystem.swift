// Joins FUSE and the I/O stack.
