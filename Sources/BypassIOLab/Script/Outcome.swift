public import BypassIOProtocol
public import IOStack

/// The outcome of a step. It travels between the processes of a mount's run, so it is plain values.
public struct Outcome: Codable, Sendable, Equatable {
    /// The request's final status, an NTSTATUS. On a mount it may also come from an errno, as
    /// closely as it can.
    public var status: UInt32 = 0
    /// On a mount: the program's errno.
    public var errno: Int32?
    /// `IO_STATUS_BLOCK.Information` of a control.
    public var information: Int?
    /// The whole output buffer of a control. It began filled with ``untouchedByte``.
    public var output: [UInt8]?
    /// Bytes read or written.
    public var transferred: Int?
    /// The place of a read byte that the file does not hold.
    public var wrongByteAt: UInt64?
    /// The read's route, a `ReadRoute`; nil if it is not known.
    public var route: UInt8?
    /// Why the read did not bypass, a `TraditionalCause`.
    public var cause: UInt8?
    public var count: Int?
    public var stream: StreamFacts?
    /// A started action has not returned.
    public var isWaiting = false
    /// Why the step could not be done at all: a fault of the scenario or of the machine.
    public var problem: String?

    /// Output buffers are filled with it before a control is sent.
    public static let untouchedByte: UInt8 = 0xA5

    public init() {}

    public init(_ status: NTStatus) { self.status = status.rawValue }

    public init(problem: String) { self.problem = problem }

    public init(_ failure: IOFailure) { status = failure.status.rawValue }

    public var ntStatus: NTStatus { NTStatus(rawValue: status) }

    /// The output of a control, as far as it was written.
    var decodedOutput: FSBypassIOOutput? {
        guard let output, let information, information <= output.count else { return nil }
        let bytes = Array(output.prefix(information))
        return try? FSBypassIOOutput(decoding: bytes.span)
    }
}

/// The state of a stream.
public struct StreamFacts: Codable, Sendable, Equatable {
    /// Of the file object that was asked about.
    public var isEnabled: Bool
    public var bypassOpenCount: Int
    public var isPaused: Bool
    /// A `StreamSuspension`.
    public var suspensions: UInt8

    public init(_ file: FileObject) {
        isEnabled = file.isBypassEnabled
        bypassOpenCount = file.stream.bypassOpenCount
        isPaused = file.stream.isPaused
        suspensions = file.stream.suspensions.rawValue
    }
}

/// A file object's counters at one moment. The difference of two shows the route between them.
public struct ReadTally: Codable, Sendable, Equatable {
    private var routes: [UInt64]
    private var causes: [UInt64]

    public init(_ file: FileObject) {
        let byRoute = file.readsByRoute
        let byCause = file.traditionalReadsByCause
        routes = ReadRoute.allCases.map { byRoute[$0] ?? 0 }
        causes = TraditionalCause.allCases.map { byCause[$0] ?? 0 }
    }

    /// Puts the route and the cause of the single read since `earlier` into `outcome`; leaves both
    /// nil if there were several.
    public func tell(since earlier: ReadTally, _ outcome: inout Outcome) {
        outcome.route = Self.only(routes, earlier.routes)
        outcome.cause = Self.only(causes, earlier.causes)
    }

    private static func only(_ now: [UInt64], _ before: [UInt64]) -> UInt8? {
        let grown = zip(now, before).map { $0 &- $1 }
        guard grown.reduce(0, &+) == 1 else { return nil }
        return grown.firstIndex(of: 1).map { UInt8($0) }
    }
}

/// The contents of a scenario's files. Every byte depends on its place, so that a read of wrong
/// bytes shows. Usable from any thread; its lock is a leaf.
public final class FileContents: Sendable {
    private let files: Guarded<[String: [UInt8]]>

    public init(_ files: [FileDescription]) {
        var contents: [String: [UInt8]] = [:]
        for file in files { contents[file.path] = Self.initial(file) }
        self.files = Guarded(contents)
    }

    /// A file's content when the script begins.
    public static func initial(_ file: FileDescription) -> [UInt8] {
        if file.attributes.contains(.sparse) { return [UInt8](repeating: 0, count: file.size) }
        return pattern(file.size, seed: file.path.utf8.reduce(1) { $0 &* 31 &+ $1 })
    }

    /// The bytes that a step writes; each step's differ.
    public static func written(_ length: Int, at offset: UInt64) -> [UInt8] {
        pattern(length, seed: UInt8(truncatingIfNeeded: offset / 512 &+ 101))
    }

    private static func pattern(_ count: Int, seed: UInt8) -> [UInt8] {
        (0..<count).map {
            UInt8(truncatingIfNeeded: $0 &* 7 &+ ($0 >> 8)) &+ seed
        }
    }

    public func write(_ bytes: [UInt8], at offset: UInt64, of path: String) {
        let start = Int(clamping: offset)
        guard start <= Self.limit - bytes.count else { return files.withLock { $0[path] = nil } }
        files.withLock { files in
            guard var content = files[path] else { return }
            if content.count < start + bytes.count {
                content += [UInt8](repeating: 0, count: start + bytes.count - content.count)
            }
            content.replaceSubrange(start..<start + bytes.count, with: bytes)
            files[path] = content
        }
    }

    public func resize(_ path: String, to size: UInt64) {
        let size = min(Int(clamping: size), Self.limit)
        files.withLock { files in
            guard let content = files[path] else { return }
            files[path] = Array(
                (content + [UInt8](repeating: 0, count: max(0, size - content.count))).prefix(size))
        }
    }

    public func clear(_ path: String, from offset: UInt64, length: UInt64) {
        files.withLock { files in
            guard let count = files[path]?.count else { return }
            let start = min(Int(clamping: offset), count)
            let end = start + min(Int(clamping: length), count - start)
            for index in start..<end { files[path]?[index] = 0 }
        }
    }

    /// The first place at which `bytes`, read at `offset`, differ from the file; nil if there is
    /// none.
    public func firstDifference(_ bytes: [UInt8], at offset: UInt64, of path: String) -> UInt64? {
        let content = files.withLock { $0[path] }
        guard let content else { return nil }
        for (index, byte) in bytes.enumerated() {
            let place = Int(clamping: offset) + index
            guard place < content.count, content[place] == byte else { return UInt64(place) }
        }
        return nil
    }

    /// Contents beyond this are not kept.
    private static let limit = 128 << 20
}
