internal import LinuxKit
internal import SystemPackage

/// The questions about one file while its traits are read. Each source is asked once; each property
/// below weighs the sources' answers.
struct FileInquiry {
    let kind: FileTraits.Kind
    private let status: FileStatus
    private let magic: UInt64
    private let descriptor: FileDescriptor
    /// nil: the file system has no inode flags, or the process may not open the file.
    private let inodeFlags: InodeFlags?
    /// nil: no extent map.
    private let survey: ExtentSurvey?
    /// The first hole by SEEK_HOLE; the size if there is none; nil: not reported.
    private let firstHole: UInt64?

    init(
        of descriptor: FileDescriptor, status: FileStatus, magic: UInt64, flushing: Bool
    ) {
        self.descriptor = descriptor
        self.status = status
        self.magic = magic
        kind = FileTraits.Kind(mode: status.mode)
        // Opening a pipe may wait and opening a device may act; only these two kinds are harmless.
        guard kind == .regular || kind == .directory,
            let own = try? SystemCall.reopen(descriptor, [.readOnly, .nonBlocking])
        else {
            inodeFlags = try? SystemCall.inodeFlags(of: descriptor)
            survey = nil
            firstHole = nil
            return
        }
        inodeFlags = try? SystemCall.inodeFlags(of: own.descriptor)
        guard kind == .regular, status.size > 0 else {
            survey = nil
            firstHole = nil
            return
        }
        survey = ExtentSurvey(of: own.descriptor, size: status.size, flushing: flushing)
        let hole = try? SystemCall.seek(own.descriptor, to: 0, from: .hole)
        firstHole = hole.map { UInt64($0) }
    }

    /// A STATX_ATTR_* bit, which counts only if the file system says that it knows it.
    func attribute(_ bit: StatusAttributes) -> Fact {
        guard status.knownAttributes & bit.rawValue != 0 else { return .unknown }
        return Fact(status.attributes & bit.rawValue != 0)
    }

    func flag(_ bit: InodeFlags) -> Fact {
        inodeFlags.map { Fact($0.contains(bit)) } ?? .unknown
    }

    var encrypted: Fact {
        if survey?.hasEncrypted == true { return .yes }
        return attribute(.encrypted).or(flag(.encrypted))
    }

    var verity: Fact { attribute(.verity).or(flag(.verity)) }
    var immutable: Fact { attribute(.immutable).or(flag(.immutable)) }
    var appendOnly: Fact { attribute(.appendOnly).or(flag(.appendOnly)) }
    // FS_DAX_FL is a wish for the next time the inode is loaded; only statx shows the present
    // state.
    var dax: Fact { attribute(.dax) }

    var compressed: Fact {
        if survey?.hasEncoded == true { return .yes }
        let flagged = attribute(.compressed).or(flag(.compressed))
        guard flagged == .no, kind == .regular else { return flagged }
        // btrfs also compresses by mount option, without a flag on the file, at the write-back.
        let mayCompressUnflagged = magic == FileSystemMagic.btrfs
        guard mayCompressUnflagged, status.size > 0 else { return .no }
        guard let survey, survey.isComplete, !survey.hasDelayed else { return .unknown }
        return .no
    }

    var inlineData: Fact {
        guard kind == .regular, status.size > 0 else { return .no }
        if survey?.hasInline == true || flag(.inlineData) == .yes { return .yes }
        guard let survey, survey.isComplete else { return .unknown }
        return survey.hasDelayed && magic == FileSystemMagic.btrfs ? .unknown : .no
    }

    var sparse: Fact {
        guard kind == .regular, status.size > 0 else { return .no }
        // Inline and compressed data take fewer blocks than bytes without any hole.
        let blocksTell = compressed != .yes && inlineData != .yes
        if blocksTell, status.blocks &* 512 < status.size { return .yes }
        guard let firstHole else { return survey.map { sparseByExtents($0) } ?? .unknown }
        if firstHole >= status.size { return .no }
        if let survey { return sparseByExtents(survey) }
        // Without an extent map a hole and reserved space look alike, but the blocks do cover the
        // size (tmpfs after fallocate).
        return blocksTell ? .no : .unknown
    }

    private func sparseByExtents(_ survey: ExtentSurvey) -> Fact {
        if survey.hasHole { return .yes }
        return survey.isComplete ? .no : .unknown
    }

    var unwritten: Fact {
        guard kind == .regular, status.size > 0 else { return .no }
        if let survey {
            if survey.hasUnwritten { return .yes }
            return survey.isComplete ? .no : .unknown
        }
        guard let firstHole else { return .unknown }
        if firstHole >= status.size { return .no }
        return sparse == .no ? .yes : .unknown
    }

    func directIO(logicalBlockSize: Int?) -> DirectIOAlignment {
        if let told = status.directIO {
            guard told.memory > 0, told.offset > 0 else { return .unsupported(.statx) }
            return DirectIOAlignment(
                memory: Int(told.memory), offset: Int(told.offset),
                readOffset: told.readOffset.map { Int($0) }, support: .yes, source: .statx)
        }
        let block = logicalBlockSize ?? DirectIOAlignment.fallback
        guard kind == .regular else {
            return kind == .blockDevice
                ? DirectIOAlignment(
                    memory: block, offset: block, support: .unknown, source: .notProbed)
                : .unsupported(.notApplicable)
        }
        do {
            _ = try SystemCall.reopen(descriptor, [.readOnly, .nonBlocking, .direct])
            return DirectIOAlignment(memory: block, offset: block, support: .yes, source: .probe)
        } catch {
            guard error == .invalidArgument else {
                return DirectIOAlignment(
                    memory: block, offset: block, support: .unknown, source: .notProbed)
            }
            return .unsupported(.probe)
        }
    }
}

/// The answer to a yes-or-no question. Unknown is not "no": a file system that cannot tell whether
/// a file is compressed has not said that it is plain.
public enum Fact: String, Sendable, Hashable, CaseIterable {
    case yes, no, unknown

    /// The answer of a source that knows.
    public init(_ known: Bool) {
        self = known ? .yes : .no
    }

    /// This answer, or the other if this is unknown.
    func or(_ other: @autoclosure () -> Fact) -> Fact {
        self == .unknown ? other() : self
    }
}
