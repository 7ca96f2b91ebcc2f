import BypassIOProtocol

extension Volume {
    /// The file system's automatic vetoes (spec 4.3, 6.1), in the file system's name.
    ///
    /// A QUERY may go to a directory or volume handle, an ENABLE may not.
    func fileSystemVeto(of file: FileObject, for operation: BypassIOOperation) -> BypassVeto? {
        let isQuery = operation == .query
        switch file.stream.kind {
        case .volume:
            return isQuery
                ? nil
                : veto(.volumeNotSupported, "BypassIO is for files: this handle is the volume.")
        case .directory:
            return isQuery
                ? nil : veto(.notSupported, "BypassIO is for files: this handle is a directory.")
        case .other:
            return veto(.notSupported, "BypassIO is for regular files.")
        case .file:
            break
        }
        guard offersBypass else {
            return veto(.notSupported, "Bypass is switched off on this volume.")
        }
        if let veto = fileSystem.bypassVeto(for: file) {
            return BypassVeto(driver: fileSystem.name, veto)
        }
        do throws(IOFailure) {
            return attributeVeto(try fileSystem.vetoingAttributes(of: file))
        } catch {
            return veto(error.status, "The file system could not read the file's attributes.")
        }
    }

    private func attributeVeto(_ attributes: FileAttributes) -> BypassVeto? {
        if attributes.isEmpty { return nil }
        return Self.attributeRules.first { attributes.contains($0.0) }.map { veto($0.1, $0.2) }
    }

    /// The first rule that holds gives the veto.
    private static let attributeRules: [(FileAttributes, NTStatus, String)] = [
        (.compressed, .notSupportedWithCompression, "The file is compressed."),
        (.encrypted, .encryptedFileNotSupported, "The file is encrypted."),
        (.sparse, .sparseFileNotSupported, "The file is sparse."),
        (.paging, .pagefileNotSupported, "The file is a swap file."),
        (.dax, .notSupportedOnDAX, "The file is on a DAX volume: its reads are no I/O."),
    ]

    func veto(_ status: NTStatus, _ reason: String) -> BypassVeto {
        BypassVeto(driver: fileSystem.name, status: status, reason: reason)
    }
}

extension FileObject {
    /// The flags that every reply carries, as they are now (spec 6.6).
    func bypassOutputFlags(for operation: BypassIOOperation) -> BypassIOOutputFlags {
        var flags: BypassIOOutputFlags = []
        let memory = StepMemory()
        defer { memory.forget(but: flags.rawValue) }
        let volume = self.volume.bypass.gate.closed
        if volume.contains(.storagePaused) { flags.insert(.volumeStackBypassPaused) }
        if volume.contains(.filtersBlocked) { flags.insert(.filterAttachBlocked) }
        if stream.bypass.gate.closed.contains(.paused) { flags.insert(.streamBypassPaused) }
        let tellsStorage = operation == .enable || operation == .query || operation == .getInfo
        if tellsStorage, self.volume.stack.storage.supportsBypassIO {
            flags.insert(.compatibleStorageDriver)
        }
        return flags
    }
}
