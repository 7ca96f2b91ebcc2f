internal import FUSE
internal import IOStack

/// The form in which a state passes from one process to the next, which may be of another version.
///
/// Magic, version, length and sum of what follows; then the members in their order. A change of any
/// member gets a new version; a state of another version is refused.
extension ServiceState {
    /// "bpioserv", little-endian.
    private static let magic: UInt64 = 0x7672_6573_6F69_7062
    private static let version: UInt32 = 5
    /// Bytes before the members.
    private static let header = 28

    /// The bytes are no state that this program understands.
    public struct Malformed: Error, CustomStringConvertible {
        public let description: String
    }

    /// Magic and version.
    static var mark: [UInt8] {
        var mark = StateWriter()
        mark.long(magic)
        mark.word(version)
        return mark.bytes
    }

    public var bytes: [UInt8] {
        var body = StateWriter()
        write(to: &body)
        var all = StateWriter()
        for byte in Self.mark { all.byte(byte) }
        all.long(UInt64(body.bytes.count))
        all.long(body.bytes.stateSum(from: 0))
        all.append(body)
        return all.bytes
    }

    public init(_ bytes: [UInt8]) throws(Malformed) {
        var reader = StateReader(bytes)
        do throws(StateReader.Malformed) {
            guard try reader.long() == Self.magic else {
                throw StateReader.Malformed()
            }
        } catch {
            throw Malformed(description: "it is no state of a service")
        }
        let version = (try? reader.word()) ?? 0
        guard version == Self.version else {
            throw Malformed(
                description: "its format is version \(version), and this program's \(Self.version)")
        }
        do throws(StateReader.Malformed) {
            let length = try reader.long()
            let sum = try reader.long()
            guard UInt64(bytes.count - Self.header) == length,
                sum == bytes.stateSum(from: Self.header)
            else { throw StateReader.Malformed() }
            try self.init(&reader)
            guard reader.isAtEnd, isConsistent else { throw StateReader.Malformed() }
        } catch {
            throw Malformed(description: "it is cut or changed")
        }
    }

    /// Every reference leads to an entry of its list.
    private var isConsistent: Bool {
        guard let first = nodes.first, first.number == NodeID.root.rawValue else { return false }
        return nodes.allSatisfy { $0.parent.map { $0 < nodes.count } ?? true }
            && handles.allSatisfy { handle in
                handle.node < nodes.count && handle.place < generations.count
                    && handle.kernelReads.map { $0.door < doors.count } ?? true
            }
            && (gates != nil || doors.allSatisfy { $0.gate == nil })
            && Set(handles.map(\.place)).count == handles.count
    }

    // MARK: Members

    private func write(to body: inout StateWriter) {
        body.word(UInt32(bitPattern: device))
        body.word(minor)
        body.long(flags)
        body.word(maximumWrite)
        body.long(root.device)
        body.long(root.inode)
        body.long(lastNumber)
        body.flag(leavesAccessTime)
        body.list(nodes) { $1.write(to: &$0) }
        body.list(handles) { $1.write(to: &$0) }
        body.list(generations) { $0.word($1) }
        body.optional(gates) { $1.write(to: &$0) }
        body.list(doors) { $1.write(to: &$0) }
        body.list(filters) { $1.write(to: &$0) }
        body.word(UInt32(bitPattern: port ?? -1))
        body.text(mountPoint)
    }

    private init(_ body: inout StateReader) throws(StateReader.Malformed) {
        device = Int32(bitPattern: try body.word())
        minor = try body.word()
        flags = try body.long()
        maximumWrite = try body.word()
        root = FileID(device: try body.long(), inode: try body.long())
        lastNumber = try body.long()
        leavesAccessTime = try body.flag()
        nodes = try body.list { (body) throws(StateReader.Malformed) in try NodeRecord(&body) }
        handles = try body.list { (body) throws(StateReader.Malformed) in try HandleRecord(&body) }
        generations = try body.list { (body) throws(StateReader.Malformed) in try body.word() }
        gates = try body.optional { (body) throws(StateReader.Malformed) in
            try HandedGates(&body)
        }
        doors = try body.list { (body) throws(StateReader.Malformed) in try HandedDoor(&body) }
        filters = try body.list { (body) throws(StateReader.Malformed) in try Filter(&body) }
        let number = Int32(bitPattern: try body.word())
        port = number < 0 ? nil : number
        mountPoint = try body.string()
    }
}

extension HandedOpen {
    fileprivate func write(to body: inout StateWriter) {
        body.word(UInt32(bitPattern: descriptor))
        body.word(UInt32(bitPattern: flags))
        body.flag(isShared)
    }

    fileprivate init(_ body: inout StateReader) throws(StateReader.Malformed) {
        self.init(
            descriptor: Int32(bitPattern: try body.word()),
            flags: Int32(bitPattern: try body.word()), isShared: try body.flag())
    }
}

extension ServiceState.NodeRecord {
    fileprivate func write(to body: inout StateWriter) {
        body.long(number)
        body.long(id.device)
        body.long(id.inode)
        body.flag(birthTime != nil)
        if let birthTime {
            body.long(UInt64(bitPattern: birthTime.seconds))
            body.word(birthTime.nanoseconds)
        }
        for flag in [
            isDirectory, isKnown, isCurrent, isNumbered, isCacheInDoubt, wasReadIntoCache,
        ] {
            body.flag(flag)
        }
        body.word(parent ?? .max)
        body.text(name)
        body.long(lookups)
        body.long(UInt64(bitPattern: listedAt))
        body.word(UInt32(bitPattern: lastWriter))
        body.word(UInt32(bitPattern: capabilityRemover))
        body.flag(held != nil)
        held?.write(to: &body)
    }

    fileprivate init(_ body: inout StateReader) throws(StateReader.Malformed) {
        number = try body.long()
        id = FileID(device: try body.long(), inode: try body.long())
        if try body.flag() {
            birthTime = FileTime(
                seconds: Int64(bitPattern: try body.long()), nanoseconds: try body.word())
        }
        isDirectory = try body.flag()
        isKnown = try body.flag()
        isCurrent = try body.flag()
        isNumbered = try body.flag()
        isCacheInDoubt = try body.flag()
        wasReadIntoCache = try body.flag()
        let above = try body.word()
        parent = above == .max ? nil : above
        name = try body.text()
        lookups = try body.long()
        listedAt = Int64(bitPattern: try body.long())
        lastWriter = Int32(bitPattern: try body.word())
        capabilityRemover = Int32(bitPattern: try body.word())
        if try body.flag() { held = try HandedOpen(&body) }
    }
}

extension ServiceState.HandleRecord {
    fileprivate func write(to body: inout StateWriter) {
        body.word(place)
        body.word(node)
        open.write(to: &body)
        body.text(path)
        body.byte(access)
        for flag in [
            isNonCached, isUser, isAdministrator, needsWriteBack, mayTakeTwo, usesCache,
            writesDirectly, hasBypass, isPaused, isMapped, isNameless,
        ] {
            body.flag(flag)
        }
        body.optional(way) { $1.write(to: &$0) }
        body.optional(kernelReads) { body, reads in
            body.word(reads.door)
            reads.open.write(to: &body)
        }
        body.word(userID)
        body.word(groupID)
        body.word(UInt32(bitPattern: processID))
    }

    fileprivate init(_ body: inout StateReader) throws(StateReader.Malformed) {
        place = try body.word()
        node = try body.word()
        open = try HandedOpen(&body)
        path = try body.string()
        access = try body.byte()
        isNonCached = try body.flag()
        isUser = try body.flag()
        isAdministrator = try body.flag()
        needsWriteBack = try body.flag()
        mayTakeTwo = try body.flag()
        usesCache = try body.flag()
        writesDirectly = try body.flag()
        hasBypass = try body.flag()
        isPaused = try body.flag()
        isMapped = try body.flag()
        isNameless = try body.flag()
        way = try body.optional { (body) throws(StateReader.Malformed) in
            try ServiceState.OpenWay(&body)
        }
        kernelReads = try body.optional { (body) throws(StateReader.Malformed) in
            ServiceState.KernelReadRecord(
                door: try body.word(), open: try ExpectedOpen(&body))
        }
        userID = try body.word()
        groupID = try body.word()
        processID = Int32(bitPattern: try body.word())
    }
}

extension ServiceState.Filter {
    fileprivate func write(to body: inout StateWriter) {
        body.text(name)
        body.text(altitude)
        body.list(settings) { body, setting in
            body.text(setting.key)
            body.text(setting.value)
        }
        body.optional(state) { body, state in
            body.word(state.version)
            body.text(state.bytes)
        }
    }

    fileprivate init(_ body: inout StateReader) throws(StateReader.Malformed) {
        name = try body.string()
        altitude = try body.string()
        settings = try body.list { (body) throws(StateReader.Malformed) in
            ServiceState.Setting(key: try body.string(), value: try body.string())
        }
        state = try body.optional { (body) throws(StateReader.Malformed) in
            SavedFilterState(version: try body.word(), bytes: try body.text())
        }
    }
}
