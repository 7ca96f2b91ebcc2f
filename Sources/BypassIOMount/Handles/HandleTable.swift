internal import FUSE
internal import IOStack
internal import SystemPackage

/// Open handles by the number that the kernel has for them: a place, and how often it was used.
///
/// Lock order: a leaf.
final class HandleTable: Sendable {
    private struct Place {
        var handle: OpenHandle?
        var generation: UInt32 = 1
    }

    private struct State {
        var places: [Place] = []
        var free: [Int] = []
        /// Reads of handles that have closed.
        var closedReads: [UInt64] = Array(repeating: 0, count: ReadRoute.allCases.count)
        var closedGatedReads: UInt64 = 0
        var closedCauses: [TraditionalCause: UInt64] = [:]
        var closedTally = RouteTally()
    }

    private let state = Guarded(State())

    var count: Int { state.withLock { $0.places.count - $0.free.count } }

    func insert(_ handle: OpenHandle) -> HandleID {
        state.withLock { state in
            let index = state.free.popLast() ?? state.places.count
            if index == state.places.count { state.places.append(Place()) }
            state.places[index].handle = handle
            return HandleID(UInt64(state.places[index].generation) << 32 | UInt64(index))
        }
    }

    /// Throws `EBADF` for an unknown number.
    func handle(_ number: HandleID) throws(IOFailure) -> OpenHandle {
        let handle = state.withLock { state -> OpenHandle? in
            Self.index(number, state).flatMap { state.places[$0].handle }
        }
        guard let handle else { throw IOFailure(errno: .badFileDescriptor) }
        return handle
    }

    func remove(_ number: HandleID) -> OpenHandle? {
        state.withLock { state in
            guard let index = Self.index(number, state),
                let handle = state.places[index].handle.take()
            else { return nil }
            state.places[index].generation &+= 1
            state.free.append(index)
            state.closedGatedReads += handle.file.gatedKernelReads
            state.closedTally.add(handle)
            if handle.file.isNonCached {
                for (route, count) in handle.file.readsByRoute {
                    state.closedReads[Int(route.rawValue)] += count
                }
                state.closedCauses.merge(handle.file.traditionalReadsByCause) { $0 + $1 }
            }
            return handle
        }
    }

    /// Of files and directories.
    var open: [OpenHandle] { state.withLock { $0.places.compactMap(\.handle) } }

    func handles(of stream: IOStack.Stream) -> [OpenHandle] {
        state.withLock { state in
            state.places.compactMap(\.handle).filter { $0.file.stream === stream }
        }
    }

    /// Handles that are open through the kernel's page cache.
    var cached: [OpenHandle] {
        state.withLock { state in
            state.places.compactMap(\.handle)
                .filter { $0.usesCache && !$0.node.isDirectory }
        }
    }

    /// The handles for which the kernel reads, and their gated reads.
    var kernelReads: (handles: Int, gated: UInt64) {
        let (open, closed) = state.withLock { state in
            (state.places.compactMap(\.handle), state.closedGatedReads)
        }
        let passing = open.filter { $0.decision?.opener != nil }
        return (passing.count, passing.reduce(closed) { $0 + $1.file.gatedKernelReads })
    }

    /// Opens and reads by route, of open and closed handles.
    var tally: RouteTally {
        let (open, closed) = state.withLock { state in
            (state.places.compactMap(\.handle), state.closedTally)
        }
        return open.reduce(into: closed) { $0.add($1) }
    }

    func removeAll() -> [OpenHandle] {
        state.withLock { state in
            let handles = state.places.compactMap(\.handle)
            state.places = []
            state.free = []
            return handles
        }
    }

    /// Reads of non-cached handles by route, of open and closed handles.
    var readsByRoute: [ReadRoute: UInt64] {
        let (open, closed) = state.withLock { state in
            (state.places.compactMap(\.handle), state.closedReads)
        }
        var counts: [ReadRoute: UInt64] = [:]
        for route in ReadRoute.allCases { counts[route] = closed[Int(route.rawValue)] }
        for handle in open where handle.file.isNonCached {
            counts.merge(handle.file.readsByRoute) { $0 + $1 }
        }
        return counts
    }

    /// Reads of handles with bypass that took the traditional route, by cause.
    var traditionalReadsByCause: [TraditionalCause: UInt64] {
        let (open, closed) = state.withLock { state in
            (state.places.compactMap(\.handle), state.closedCauses)
        }
        return open.filter(\.file.isNonCached).reduce(into: closed) { counts, handle in
            counts.merge(handle.file.traditionalReadsByCause) { $0 + $1 }
        }
    }

    private static func index(_ number: HandleID, _ state: State) -> Int? {
        let index = Int(UInt32(truncatingIfNeeded: number.rawValue))
        guard index < state.places.count,
            state.places[index].generation == UInt32(truncatingIfNeeded: number.rawValue >> 32)
        else { return nil }
        return index
    }
}
