import BypassIOProtocol
import IOStack

/// The result of two QUERYs about a file, directory or volume: one of the three verdicts of `fsutil
/// bypassIo state`.
struct BypassVerdict: Encodable {
    enum Kind: String, Encodable {
        case supported
        case partiallySupported
        case notSupported
    }

    /// The first driver that refuses.
    struct Blocker: Encodable {
        let driver: String
        let ntStatus: UInt32
        let ntStatusName: String?
        let win32: UInt32?
        let message: String
        let reason: String

        init(_ results: BypassIOResults) {
            driver = results.driverName.string
            ntStatus = results.status.rawValue
            ntStatusName = results.status.name
            win32 = results.status.win32
            message = results.status.message
            reason = results.failureReason.string
        }
    }

    let kind: Kind
    let blocker: Blocker?
    let storageType: String
    let storageDriver: String
    let isStorageDriverCompatible: Bool
    let flags: [String]

    /// A QUERY that skips the storage stack covers the filters and the file system, a plain QUERY
    /// covers everything: together they make the verdict (spec 3.1).
    init(of file: FileObject) throws(IOFailure) {
        let storage = file.volume.stack.storage
        self.init(
            filters: try file.bypassIO(.query, flags: .skipStorageStackQuery),
            whole: try file.bypassIO(.query), storageType: storage.storageType,
            storageDriver: storage.name)
    }

    /// From the answers to both QUERYs.
    init(
        filters: FSBypassIOOutput, whole: FSBypassIOOutput, storageType: String,
        storageDriver: String
    ) {
        if let veto = filters.results, veto.status.isError {
            kind = .notSupported
            blocker = Blocker(veto)
        } else if let veto = whole.results, veto.status.isError {
            kind = .partiallySupported
            blocker = Blocker(veto)
        } else {
            kind = .supported
            blocker = nil
        }
        self.storageType = storageType
        self.storageDriver = storageDriver
        isStorageDriverCompatible = whole.flags.contains(.compatibleStorageDriver)
        flags = whole.flags.windowsNames
    }

    var status: CommandStatus {
        switch kind {
        case .supported: .success
        case .partiallySupported: .partiallySupported
        case .notSupported: .notSupported
        }
    }
}

extension BypassVerdict {
    /// The lines of `fsutil bypassIo state`, to the letter (spec 3.1).
    func fsutilLines(path: String, verbose: Bool) -> [String] {
        switch kind {
        case .supported:
            ["BypassIo on \"\(path)\" is currently supported."]
                + (verbose ? storageLines(indent: 4) : [])
        case .partiallySupported:
            ["BypassIo on \"\(path)\" is partially supported"] + partialLines
                + storageLines(indent: 4)
        case .notSupported:
            ["BypassIo on \"\(path)\" is not currently supported."] + blockerLines
        }
    }

    private var blockerLines: [String] {
        guard let blocker else { return [] }
        return [
            "Status: \(blocker.number) (\(blocker.message))",
            "Driver: \(blocker.driver)",
            "Reason: \(blocker.reason)",
        ]
    }

    private var partialLines: [String] {
        guard let blocker else { return [] }
        return [
            "    Volume stack bypass is disabled (\(blocker.driver))",
            "      Status:  \(blocker.number) (\(blocker.message))",
            "      Reason:  \(blocker.reason)",
        ]
    }

    private func storageLines(indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        let compatibility =
            isStorageDriverCompatible ? "BypassIo compatible" : "Not BypassIo compatible"
        return [
            "\(margin)Storage Type:   \(storageType)",
            "\(margin)Storage Driver: \(compatibility)",
            "\(margin)Driver Name:    \(storageDriver)",
        ]
    }
}

extension BypassVerdict.Blocker {
    /// fsutil prints the Win32 number; a status without a Win32 number is printed as NTSTATUS.
    fileprivate var number: String {
        if let win32 { return String(win32) }
        return "0x" + String(ntStatus, radix: 16, uppercase: true)
    }
}
