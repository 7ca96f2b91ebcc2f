public import FUSE
public import IOStack

/// The storage and the kernel's messages share this buffer, so data is not copied between them.
extension TransferBuffer: IOBuffer {}
