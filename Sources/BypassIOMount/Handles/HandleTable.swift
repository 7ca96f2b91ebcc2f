internal import FUSE
internal import IOStack
internal import LinuxKit
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
    /// Where handles are written down; nil: nobody takes over if this process dies.
    let recovery: RecoveryTable?

    init(_ recovery: RecoveryTable? = nil) { self.recovery = recovery }

    var count: Int { state.withLock { $0.places.count - $0.free.count } }

    /// - Parameter opener: the request that opened it.
    func insert(_ handle: OpenHandle, for opener: RequestID = RequestID(0)) -> HandleID {
        state.withLock { state in
            let index = state.free.popLast() ?? state.places.count
            if index == state.places.count { state.places.append(Place()) }
            state.places[index].handle = handle
            write(handle, at: index, state.places[index].generation, opener)
            return Self.number(of: index, state.places[index])
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
            erase(at: index, state.places[index].generation)
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

    /// Of files and directories, each with its number.
    var numbered: [(number: HandleID, handle: OpenHandle)] {
        state.withLock { state in
            state.places.enumerated().compactMap { index, place in
                place.handle.map { (Self.number(of: index, place), $0) }
            }
        }
    }

    /// Of files and directories.
    var open: [OpenHandle] { state.withLock { $0.places.compactMap(\.handle) } }

    /// The open handles by their places, and how often each place was used.
    var snapshot: (open: [(Int, OpenHandle)], generations: [UInt32]) {
        state.withLock { state in
            let open = state.places.enumerated().compactMap { place, content in
                content.handle.map { (place, $0) }
            }
            return (open, state.places.map(\.generation))
        }
    }

    /// Puts handles of another process to their places, so that they keep their numbers. The table
    /// must be empty.
    func restore(_ handles: [(place: Int, handle: OpenHandle)], generations: [UInt32]) {
        state.withLock { state in
            assert(state.places.isEmpty)
            state.places = generations.map { Place(handle: nil, generation: $0) }
            for (place, handle) in handles {
                state.places[place].handle = handle
                write(handle, at: place, generations[place], RequestID(0))
            }
            state.free = state.places.indices.filter { state.places[$0].handle == nil }
            for place in state.free {
                recovery?.removeHandle(at: place, generation: generations[place])
            }
        }
    }

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

    private static func number(of index: Int, _ place: Place) -> HandleID {
        HandleID(UInt64(place.generation) << 32 | UInt64(index))
    }

    static func place(of number: HandleID) -> Int {
        Int(UInt32(truncatingIfNeeded: number.rawValue))
    }

    private static func index(_ number: HandleID, _ state: State) -> Int? {
        let index = place(of: number)
        guard index < state.places.count,
            state.places[index].generation == UInt32(truncatingIfNeeded: number.rawValue >> 32)
        else { return nil }
        return index
    }
}
