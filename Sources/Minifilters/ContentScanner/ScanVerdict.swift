public import IOStack

/// A scanner's verdict on a file for as long as it is open: a stream context.
public final class ScanVerdict: FilterContext {
    public enum State: Sendable, Equatable {
        /// Not scanned, or changed since.
        case unknown
        case clean
        case infected(signature: String)
    }

    /// The state of the counts before a scan begins. By it the scan's result is dropped if the file
    /// changed meanwhile.
    struct Mark: Sendable, Equatable {
        /// Beginnings and ends of changes.
        fileprivate(set) var changes: UInt64 = 0
        /// Opens for writing.
        fileprivate(set) var writers: UInt64 = 0
    }

    private struct Knowledge {
        var state = State.unknown
        /// The version that `state` is about.
        var version: FileVersion?
        /// An ENABLE may rely on `state` without another scan: the file was at rest when it was
        /// scanned, and has not been open for writing since.
        var isLasting = false
        var mark = Mark()
        var changesUnderWay = 0
    }

    /// Lock order: a leaf.
    private let knowledge = Guarded(Knowledge())

    init() {}

    public var state: State { knowledge.withLock { $0.state } }

    var mark: Mark { knowledge.withLock { $0.mark } }

    /// The verdict if the file is still of this version. `unknown` also if `lastingOnly` is set and
    /// the verdict is not lasting.
    func state(of version: FileVersion, lastingOnly: Bool) -> State {
        knowledge.withLock { knowledge in
            guard knowledge.version == version else {
                // The file was changed past the stack.
                knowledge.state = .unknown
                return .unknown
            }
            return lastingOnly && !knowledge.isLasting ? .unknown : knowledge.state
        }
    }

    // MARK: Changes

    /// A change is about to happen. From now on the file is unknown, and no ENABLE passes.
    func beginChange() {
        knowledge.withLock { knowledge in
            knowledge.mark.changes += 1
            knowledge.changesUnderWay += 1
            knowledge.state = .unknown
        }
    }

    func endChange() {
        knowledge.withLock { knowledge in
            knowledge.mark.changes += 1
            knowledge.changesUnderWay -= 1
            assert(knowledge.changesUnderWay >= 0)
        }
    }

    /// The file was opened for writing, and may be changed through a mapping, which no request
    /// shows. The verdict stands but is no longer lasting.
    func beginWriting() {
        knowledge.withLock { knowledge in
            knowledge.mark.writers += 1
            knowledge.isLasting = false
        }
    }

    /// The file was cut to nothing.
    func forget() {
        knowledge.withLock { knowledge in
            knowledge.mark.changes += 1
            knowledge.state = .unknown
        }
    }

    // MARK: Outcomes

    /// Takes the outcome of a scan of `version` that began at `mark`, unless the file was changed
    /// since. With `lasting` the verdict is lasting, unless the file was opened for writing since.
    /// Returns whether it is.
    func conclude(
        _ state: State, of version: FileVersion, lasting: Bool, since mark: Mark
    ) -> Bool {
        knowledge.withLock { knowledge in
            guard knowledge.mark.changes == mark.changes, knowledge.changesUnderWay == 0 else {
                return false
            }
            knowledge.state = state
            knowledge.version = version
            knowledge.isLasting = lasting && knowledge.mark.writers == mark.writers
            return knowledge.isLasting
        }
    }

    /// A read of `version` found a signature. If the file is being changed, it may not stay, so the
    /// verdict becomes `unknown`.
    func condemn(_ signature: String, in version: FileVersion?) {
        knowledge.withLock { knowledge in
            knowledge.state =
                knowledge.changesUnderWay == 0 ? .infected(signature: signature) : .unknown
            knowledge.version = version
            knowledge.isLasting = false
        }
    }
}

/// A found signature, for programs that report to people.
public struct ScanFinding: Sendable, Equatable {
    /// How it was found.
    public enum Occasion: String, Sendable {
        /// By a scan of the whole file.
        case scan
        /// In the data of a program's read; the read failed.
        case read
        /// In data that the kernel was about to read for a program; the read failed.
        case kernelRead = "kernel read"
    }

    /// The signature's name.
    public let signature: String
    public let file: FileID
    /// The path by which the file was opened, from the volume's root.
    public let path: String
    public let occasion: Occasion
    /// The party on whose behalf the file was read.
    public let requestor: Requestor
}

/// A run of bytes that no program may read.
public struct Signature: Sendable, Hashable {
    /// For people, e.g. `EICAR-Test-File`.
    public let name: String
    /// At least 4 bytes.
    public let pattern: [UInt8]

    /// nil for a pattern under 4 bytes, which would be found everywhere.
    public init?(name: String, pattern: [UInt8]) {
        guard pattern.count >= 4 else { return nil }
        self.name = name
        self.pattern = pattern
    }

    /// The position of the first match in `bytes`.
    func firstMatch(in bytes: Span<UInt8>) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        let first = pattern[0]
        let second = pattern[1]
        for start in 0...(bytes.count - pattern.count) {
            guard bytes[start] == first, bytes[start + 1] == second else { continue }
            if matches(bytes, at: start) { return start }
        }
        return nil
    }

    private func matches(_ bytes: Span<UInt8>, at start: Int) -> Bool {
        for index in pattern.indices where bytes[start + index] != pattern[index] { return false }
        return true
    }
}
