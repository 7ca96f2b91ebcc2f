internal import CKernelABI

extension SystemCall {
    /// Gives the pages that the allocator keeps, and that hold nothing, back to the kernel
    /// (malloc_trim(3)). Takes milliseconds for each 100 MiB, in which other threads may wait for
    /// their allocations: for moments after which a process needs much less than before.
    package static func giveBackFreeMemory() { bpio_give_back_free_memory() }
}
