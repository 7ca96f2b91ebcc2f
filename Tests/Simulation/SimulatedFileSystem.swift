import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage

/// The file system below one life of the service: the one in memory, behind calls that may fail or
/// take their time. It outlives the service, which it serves no more once it is dead.
final class SimulatedFileSystem: FileSystemDriver, @unchecked Sendable {
    private let below: MemoryFileSystem
    private let gate: Gate

    init(_ below: MemoryFileSystem, _ gate: Gate) { (self.below, self.gate) = (below, gate) }

    var name: String { below.name }
    var opensByID: Bool { below.opensByID }

    func create(
        _ parameters: CreateParameters, for requestor: Requestor
    ) throws(IOFailure) -> OpenedFile {
        let opened = try gate.call(mayFailAfter: false) { _ throws(IOFailure) in
            try below.create(parameters, for: requestor)
        }
        gate.world.opensBelow += 1
        return opened
    }

    func cleanup(_ file: FileObject) {
        gate.world.scheduler.pass()
        gate.world.scheduler.atomically { below.cleanup(file) }
    }

    func close(_ file: FileObject) {
        gate.world.scheduler.pass()
        gate.world.opensBelow -= 1
        gate.world.scheduler.atomically { below.close(file) }
    }

    func information(of file: FileObject) throws(IOFailure) -> FileInformation {
        try gate.call { _ throws(IOFailure) in try below.information(of: file) }
    }

    func status(of file: FileObject) throws(IOFailure) -> FileInformation {
        try gate.call { _ throws(IOFailure) in try below.status(of: file) }
    }

    func status(
        of name: FilePath.Component, in directory: FileObject
    ) throws(IOFailure) -> FileInformation {
        try gate.call { _ throws(IOFailure) in try below.status(of: name, in: directory) }
    }

    func linkTarget(of file: FileObject) throws(IOFailure) -> [UInt8] {
        try gate.call { _ throws(IOFailure) in try below.linkTarget(of: file) }
    }

    func nextData(in file: FileObject, from offset: UInt64) throws(IOFailure) -> UInt64 {
        try gate.call { _ throws(IOFailure) in try below.nextData(in: file, from: offset) }
    }

    func nextHole(in file: FileObject, from offset: UInt64) throws(IOFailure) -> UInt64 {
        try gate.call { _ throws(IOFailure) in try below.nextHole(in: file, from: offset) }
    }

    func apply(
        _ change: FileChange, to file: FileObject, for requestor: Requestor
    ) throws(IOFailure) {
        try gate.call { _ throws(IOFailure) in
            try below.apply(change, to: file, for: requestor)
        }
    }

    func entries(
        of directory: FileObject, after cookie: UInt64, limit: Int, withInformation: Bool
    ) throws(IOFailure) -> [DirectoryEntry] {
        try gate.call { _ throws(IOFailure) in
            try below.entries(
                of: directory, after: cookie, limit: limit, withInformation: withInformation)
        }
    }

    func flush(_ file: FileObject, dataOnly: Bool) throws(IOFailure) {
        try gate.call { _ throws(IOFailure) in try below.flush(file, dataOnly: dataOnly) }
    }

    func lock(_ file: FileObject, _ lock: FileLock) throws(IOFailure) -> FileLock? {
        try below.lock(file, lock)
    }

    func attributeNames(of file: FileObject) throws(IOFailure) -> [[UInt8]] {
        try gate.call { _ throws(IOFailure) in try below.attributeNames(of: file) }
    }

    func attribute(_ name: [UInt8], of file: FileObject) throws(IOFailure) -> [UInt8] {
        try gate.call { _ throws(IOFailure) in try below.attribute(name, of: file) }
    }

    func changeAttribute(
        _ name: [UInt8], of file: FileObject, _ change: ExtendedAttributeChange
    ) throws(IOFailure) {
        try gate.call { _ throws(IOFailure) in
            try below.changeAttribute(name, of: file, change)
        }
    }

    func volumeInformation(of file: FileObject) throws(IOFailure) -> VolumeInformation {
        try gate.call { _ throws(IOFailure) in try below.volumeInformation(of: file) }
    }

    func path(of file: FileObject) throws(IOFailure) -> String {
        try gate.call { _ throws(IOFailure) in try below.path(of: file) }
    }

    func vetoingAttributes(of file: FileObject) throws(IOFailure) -> FileAttributes {
        try gate.call { _ throws(IOFailure) in try below.information(of: file).attributes }
    }
}
