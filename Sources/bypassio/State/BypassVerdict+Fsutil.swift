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
