import IOStack

/// Opens of the filter's own of files that somebody changed, until the last writer is gone.
///
/// Any thread. Lock order: `files` is a leaf.
final class ParkedFiles: Sendable {
    private struct Parked {
        let file: FileObject
        let instance: FilterInstance
    }

    /// Each takes a descriptor.
    private static let capacity = 4096

    private let files = Guarded<[FileID: Parked]>([:])

    /// Returns what the caller closes.
    func park(_ file: FileObject, _ instance: FilterInstance) -> FileObject? {
        files.withLock { files in
            guard files.count < Self.capacity || files[file.stream.id] != nil else { return file }
            return files.updateValue(
                Parked(file: file, instance: instance), forKey: file.stream.id)?.file
        }
    }

    func has(_ stream: Stream) -> Bool {
        files.withLock { $0[stream.id]?.file.stream === stream }
    }

    func take(_ stream: Stream) -> FileObject? {
        files.withLock { files in
            guard files[stream.id]?.file.stream === stream else { return nil }
            return files.removeValue(forKey: stream.id)?.file
        }
    }

    func takeAll(of instance: FilterInstance) -> [FileObject] {
        files.withLock { files in
            let gone = files.filter { $0.value.instance === instance }
            for key in gone.keys { files[key] = nil }
            return gone.map(\.value.file)
        }
    }
}
