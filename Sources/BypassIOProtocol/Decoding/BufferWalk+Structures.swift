/// The structures of FSCTL_MANAGE_BYPASS_IO (ntifs.h).
extension BufferWalk {
    /// `FS_BPIO_INPUT`, 24 bytes.
    mutating func input() {
        _ = operation()
        flags("InFlags", at: 4, names: { BypassIOInputFlags(rawValue: $0).windowsNames }) {
            BypassIOInputFlags(rawValue: $0).unknown.rawValue
        }
        reserved("Reserved1", at: 8)
        reserved("Reserved2", at: 16)
        excess(over: FSBypassIOInput.size, of: FSBypassIOInput.windowsName)
    }

    /// `FS_BPIO_OUTPUT`, as long as its operation makes it.
    mutating func output() {
        let operation = operation()
        let flags = flags(
            "OutFlags", at: 4, names: { BypassIOOutputFlags(rawValue: $0).windowsNames }
        ) {
            BypassIOOutputFlags(rawValue: $0).unknown.rawValue
        }
        reserved("Reserved1", at: 8)
        reserved("Reserved2", at: 16)
        let header = FSBypassIOOutput.headerSize
        switch operation?.outputArm {
        case .results: nested(operation?.armName ?? "", at: header) { $0.results() }
        case .info: nested(operation?.armName ?? "", at: header) { $0.info() }
        case .some(.none), nil: break
        }
        let used = operation?.minimumOutputSize ?? header
        unused(from: used, to: FSBypassIOOutput.size)
        excess(over: FSBypassIOOutput.size, of: FSBypassIOOutput.windowsName)
        if let operation, operation.isKnown, !operation.reportsStorageDriver,
            BypassIOOutputFlags(rawValue: flags ?? 0).contains(.compatibleStorageDriver)
        {
            problem(
                "OutFlags", at: 4,
                "FSBPIO_OUTFL_COMPATIBLE_STORAGE_DRIVER is not defined for \(operation)")
        }
    }

    /// `FS_BPIO_RESULTS`, 328 bytes.
    mutating func results() {
        let number = number("OpStatus", at: 0, describe: Self.describeStatus)
        let hasDriver = text("FailingDriverName", at: 4, as: DriverName.self)
        let hasReason = text("FailureReason", at: 70, as: FailureReason.self)
        guard let number, !NTStatus(rawValue: number).isError else { return }
        if hasDriver { problem("OpStatus", at: 0, "no error, but a failing driver is named") }
        if hasReason { problem("OpStatus", at: 0, "no error, but a reason for failure is given") }
    }

    /// `FS_BPIO_INFO`, 72 bytes.
    private mutating func info() {
        _ = number("ActiveBypassIoCount", at: 0)
        _ = text("StorageDriverName", at: 4, as: DriverName.self)
        padding(at: 70, size: 2)
    }

    private mutating func operation() -> BypassIOOperation? {
        let number = number("Operation", at: 0) {
            (String($0), BypassIOOperation(rawValue: $0).windowsName)
        }
        guard let number else { return nil }
        let operation = BypassIOOperation(rawValue: number)
        if !operation.isKnown { problem("Operation", at: 0, "unknown operation \(number)") }
        return operation
    }

    /// Reads flags; bits that `unknown` returns become a problem.
    @discardableResult
    mutating func flags(
        _ name: String, at offset: Int, names: (UInt32) -> [String], unknown: (UInt32) -> UInt32
    ) -> UInt32? {
        let flags = number(name, at: offset) { value in
            let known = names(value)
            return (
                Hexadecimal.text(value), known.isEmpty ? nil : known.joined(separator: " | ")
            )
        }
        if let flags, unknown(flags) != 0 {
            problem(name, at: offset, "unknown flags \(Hexadecimal.text(unknown(flags)))")
        }
        return flags
    }

    /// Shows bytes that belong to the structure but not to what its operation returns.
    mutating func unused(from offset: Int, to end: Int) {
        let size = min(available, end) - offset
        guard size > 0 else { return }
        add("unused", at: offset, size: size, value: "", note: "not part of this reply")
    }

    /// Bytes behind the structure are a problem, because nothing says what they are.
    mutating func excess(over size: Int, of structure: String) {
        guard available > size else { return }
        problem("length", at: size, "\(available - size) bytes follow the \(structure)")
    }

    static func describeStatus(_ number: UInt32) -> (value: String, note: String?) {
        let status = NTStatus(rawValue: number)
        guard let name = status.name else { return (Hexadecimal.text(number), nil) }
        let win32 = status.win32.map { $0 < 0x1_0000 ? String($0) : Hexadecimal.text($0) }
        return (
            Hexadecimal.text(number),
            "\(name), Win32 \(win32 ?? "unknown"): \(status.message)"
        )
    }
}

extension BypassIOOperation {
    /// The union member of `FS_BPIO_OUTPUT` that the operation uses.
    fileprivate var armName: String? {
        switch self {
        case .enable: "Enable"
        case .query: "Query"
        case .volumeStackResume: "VolumeStackResume"
        case .streamResume: "StreamResume"
        case .getInfo: "GetInfo"
        default: nil
        }
    }

    /// Whether FSBPIO_OUTFL_COMPATIBLE_STORAGE_DRIVER is defined for the operation's reply.
    fileprivate var reportsStorageDriver: Bool {
        self == .enable || self == .query || self == .getInfo
    }
}

/// The structures of IOCTL_STORAGE_MANAGE_BYPASS_IO (ntddstor.h).
extension BufferWalk {
    /// `BPIO_INPUT`, 24 bytes.
    mutating func storageInput() {
        _ = storageHeader(
            version: StorageBypassIOInput.size, name: StorageBypassIOInput.windowsName,
            flags: "InFlags")
        excess(over: StorageBypassIOInput.size, of: StorageBypassIOInput.windowsName)
    }

    /// `BPIO_OUTPUT`, as long as its operation makes it.
    mutating func storageOutput() {
        let operation = storageHeader(
            version: StorageBypassIOOutput.size, name: StorageBypassIOOutput.windowsName,
            flags: "OutFlags")
        let header = StorageBypassIOOutput.headerSize
        if let operation, operation.hasResults {
            nested(operation == .enable ? "Enable" : "Query", at: header) { $0.results() }
        }
        unused(
            from: operation?.minimumOutputSize ?? header, to: StorageBypassIOOutput.size)
        excess(over: StorageBypassIOOutput.size, of: StorageBypassIOOutput.windowsName)
    }

    private mutating func storageHeader(
        version expected: Int, name: String, flags flagsName: String
    ) -> StorageBypassIOOperation? {
        if let version = number("Version", at: 0), version != UInt32(expected) {
            problem("Version", at: 0, "\(version) is not the size of \(name), \(expected)")
        }
        if let size = number("Size", at: 4), size < UInt32(StorageBypassIOInput.size) {
            problem("Size", at: 4, "\(size) is below the header's \(StorageBypassIOInput.size)")
        }
        let number = number("Operation", at: 8) {
            (String($0), StorageBypassIOOperation(rawValue: $0).windowsName)
        }
        let operation = number.map { StorageBypassIOOperation(rawValue: $0) }
        if let operation, !operation.isKnown {
            problem("Operation", at: 8, "unknown operation \(operation.rawValue)")
        }
        flags(flagsName, at: 12, names: { _ in [] }, unknown: { $0 })
        reserved("Reserved2", at: 16)
        return operation
    }
}
