public import FUSE
public import IOStack

/// Data goes between the kernel's messages and the storage without a copy in between.
extension TransferBuffer: IOBuffer {}
