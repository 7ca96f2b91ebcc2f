import BypassIOProtocol
import IOStack

/// Storage that moves no bytes: every read completes at once, so the counts are the stack's.
final class StillDisk: StorageDriver {
    let name = "still"
    let storageType = "Memory"
    let supportsBypassIO = true

    func manageBypassIO(_ input: StorageBypassIOInput) -> StorageVeto? { nil }

    func makeBuffer(capacity: Int) throws(IOFailure) -> any IOBuffer {
        HeapBuffer(capacity: capacity)
    }

    func read(_ extent: StorageExtent, into buffer: any IOBuffer) throws(IOFailure) -> Int {
        extent.length
    }

    func write(_ extent: StorageExtent, from buffer: any IOBuffer) throws(IOFailure) -> Int {
        extent.length
    }

    func makeReadEngine(
        depth: Int, slotSize: Int
    ) throws(IOFailure) -> any StorageReadEngine {
        StillReadEngine(depth: depth, slotSize: slotSize)
    }
}
