internal import BypassIOProtocol

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
