internal import BypassIOProtocol
internal import LinuxKit

/// Traits read once, and the parts of the status that must be unchanged for them to hold.
///
/// Reading them takes a dozen system calls, but `stat` comes all the time, and an ENABLE should
/// cost little more than the ioctl that carries it. A change that makes a file sparse, compressed
/// or encrypted changes one of these fields. Swap use does not, so it is asked each time
/// (``SwapSpace``); nor does a move on the disk (``ExtentPlaces``).
struct KnownTraits: Sendable {
    let traits: FileTraits
    private let changed: FileStatus.Time
    private let size: UInt64
    private let blocks: UInt64
    private let flags: UInt64
    private let isSettled: Bool

    /// - Parameter status: read before the traits, so that a change in between does not go unseen.
    init(_ traits: FileTraits, with status: FileStatus) {
        self.traits = traits
        changed = status.changed
        size = status.size
        blocks = status.blocks
        flags = status.attributes
        isSettled = Self.isSettled(status.changed)
    }

    func holds(for status: FileStatus) -> Bool {
        changed == status.changed && size == status.size && blocks == status.blocks
            && flags == status.attributes
    }

    /// Whether an ENABLE may rely on them: only if they say for certain that nothing of the file
    /// stands against bypass. Decisions left to the write-back show no trace in the status, nor
    /// does a second change within the same tick of the clock.
    func provesBypassable(for status: FileStatus) -> Bool {
        isSettled && holds(for: status) && traits.compressed == .no && traits.sparse == .no
            && traits.inlineData == .no && traits.encrypted != .yes
    }

    /// In nanoseconds: more than two ticks of the slowest clock by which a kernel stamps files
    /// (HZ=100).
    private static let settlingTime: Int64 = 25_000_000

    private static func isSettled(_ changed: FileStatus.Time) -> Bool {
        let now = KernelClock.files
        guard now.seconds >= changed.seconds else { return false }
        let seconds = now.seconds &- changed.seconds
        guard seconds <= 1 else { return true }
        return seconds * 1_000_000_000 + Int64(now.nanoseconds) - Int64(changed.nanoseconds)
            > settlingTime
    }
}

extension FileTraits {
    /// The file system's automatic vetoes for this file (spec 6.1), the veto to report first.
    ///
    /// The order is our own: first the causes that concern the file as a whole (swap space, DAX),
    /// then those that concern its data (encrypted, compressed, sparse). Directories and volumes
    /// are left to the caller, because QUERY and ENABLE differ for them. A fact that is `.unknown`
    /// does not veto.
    /// - Parameter driverName: the file system's name for FailingDriverName, such as "ext4".
    public func vetoes(driverName: String) -> [LayerVerdict] {
        func veto(_ status: NTStatus, _ reason: String) -> LayerVerdict {
            LayerVerdict(
                layer: .fileSystem, driverName: driverName, status: status, reason: reason,
                details: details)
        }
        switch kind {
        case .directory, .blockDevice: return []
        case .regular: break
        case .symbolicLink, .fifo, .socket, .characterDevice, .unknown:
            return [veto(.notSupported, "BypassIO works on regular files only.")]
        }
        var vetoes: [LayerVerdict] = []
        if swapFile == .yes {
            vetoes.append(veto(.pagefileNotSupported, "The file is in use as swap space."))
        }
        if dax == .yes {
            vetoes.append(
                veto(.notSupportedOnDAX, "The file is mapped straight from memory (DAX)."))
        }
        if encrypted == .yes {
            vetoes.append(veto(.encryptedFileNotSupported, "The file is encrypted."))
        }
        if compressed == .yes {
            vetoes.append(veto(.notSupportedWithCompression, "The file is compressed."))
        }
        if sparse == .yes {
            vetoes.append(veto(.sparseFileNotSupported, "The file is sparse."))
        }
        // Inline data keeps direct I/O off only until the file grows, so it suspends and does not
        // veto (spec 4.6).
        if directIO.support == .no, inlineData != .yes {
            vetoes.append(
                veto(.notSupported, "The file system does not read this file with direct I/O."))
        }
        return vetoes
    }

    /// The file system's answer: the first veto, or success.
    public func verdict(driverName: String) -> LayerVerdict {
        vetoes(driverName: driverName).first
            ?? LayerVerdict(
                layer: .fileSystem, driverName: driverName, status: .success, details: details)
    }

    /// The facts for a person to read: those that are known and set, and those not known.
    public var details: [String] {
        let facts: [(String, Fact)] = [
            ("compressed", compressed), ("encrypted", encrypted), ("sparse", sparse),
            ("preallocated and unwritten", unwritten), ("inline data", inlineData),
            ("verity", verity), ("journals data", journalsData), ("immutable", immutable),
            ("append-only", appendOnly), ("swap file", swapFile), ("DAX", dax),
        ]
        var lines = facts.filter { $0.1 == .yes }.map(\.0)
        let unknown = facts.filter { $0.1 == .unknown }.map(\.0)
        if !unknown.isEmpty { lines.append("not known: " + unknown.joined(separator: ", ")) }
        if directIO.support == .yes {
            lines.append(
                "direct I/O alignment: memory \(directIO.memory), offset \(directIO.offset) bytes")
        }
        return lines
    }
}
