// The kernel's FUSE protocol.
