import BypassIOProtocol
import IOStack
import SystemPackage

/// What the file system says of a file before it is opened: one question, below the filter.
struct FoundFile {
    let id: FileID
    let hasSeveralLinks: Bool
    let isDirectory: Bool

    /// Of the file that an open is about; nil if there is none.
    init?(_ parameters: CreateParameters, _ instance: FilterInstance) {
        guard let directory = parameters.directory else {
            self.init(byOpening: parameters, instance)
            return
        }
        guard !parameters.path.isEmpty else {
            self.init(directory, instance)
            return
        }
        guard parameters.path.components.count == 1, let name = parameters.path.lastComponent else {
            self.init(byOpening: parameters, instance)
            return
        }
        self.init(name, in: directory, instance)
    }

    /// Of a file that is open.
    init?(_ file: FileObject, _ instance: FilterInstance) {
        guard case .information(let found)? = try? instance.query(.status, of: file) else {
            return nil
        }
        self.init(found)
    }

    init?(_ name: FilePath.Component, in directory: FileObject, _ instance: FilterInstance) {
        guard case .information(let found)? = try? instance.query(.entry(name), of: directory)
        else { return nil }
        self.init(found)
    }

    private init?(byOpening parameters: CreateParameters, _ instance: FilterInstance) {
        var parameters = parameters
        parameters.disposition = .open
        parameters.kind = .any
        parameters.access = []
        parameters.options.formIntersection(.noFollow)
        parameters.options.insert(.attributesOnly)
        guard let file = try? instance.open(parameters) else { return nil }
        defer { file.close() }
        self.init(file, instance)
    }

    private init(_ found: FileInformation) {
        id = found.id
        isDirectory = found.kind == .directory
        hasSeveralLinks = found.linkCount > 1 && !isDirectory
    }
}
