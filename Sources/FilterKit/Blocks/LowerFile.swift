import BypassIOProtocol
import IOStack
import SystemPackage

/// The file objects by which the blocks of a file are read and written below the filter: that of
/// the program, or one of the filter's own where that cannot read or write, puts every write at the
/// end, or wants offsets on sector boundaries. A file object of the filter's own is opened when it
/// is needed: who writes a new file from its beginning to its end needs none.
struct LowerFile {
    private let program: FileObject
    private let mayWrite: Bool
    let instance: FilterInstance
    /// On whose behalf changes are made: quotas apply to it.
    let requestor: Requestor

    init(
        of file: FileObject, mayWrite: Bool, _ instance: FilterInstance, for requestor: Requestor
    ) {
        program = file
        self.mayWrite = mayWrite
        self.instance = instance
        self.requestor = requestor
    }

    private func file(for needed: CreateParameters.Access) throws(IOFailure) -> FileObject {
        let isUsable = program.options.isDisjoint(with: [.nonCached, .append, .attributesOnly])
        if isUsable, program.access.isSuperset(of: needed) { return program }
        // Whoever made a file that is read-only may write it by the handle that made it, and a
        // user's service may not open it for writing once more.
        let writesItself = isUsable && program.access.contains(.write)
        let wanted: CreateParameters.Access = mayWrite && !writesItself ? [.read, .write] : .read
        return try OwnFile.of(program, wanted, instance).file
    }

    /// Bytes of a read behind a short one, which is the file's end nearly always.
    private static let further = 4096

    /// Reads until `length` bytes are there, or the file ends.
    func read(
        at offset: UInt64, length: Int, into buffer: any IOBuffer
    ) throws(IOFailure) -> Int {
        let file = try file(for: .read)
        let first = try instance.read(file, at: offset, length: length, into: buffer)
        guard first > 0, first < length else { return first }
        // A short read is no end yet.
        let piece = try instance.volume.makeBuffer(capacity: min(Self.further, length - first))
        var done = first
        while done < length {
            let count = try instance.read(
                file, at: offset + UInt64(done), length: min(piece.capacity, length - done),
                into: piece)
            if count == 0 { break }
            buffer.copy(count, of: piece, from: 0, to: done)
            done += count
        }
        return done
    }

    /// Writes `length` bytes of `buffer`; returns how many could be written, with why no more.
    func write(
        at offset: UInt64, length: Int, from buffer: any IOBuffer
    ) -> (count: Int, failure: IOFailure?) {
        var done = 0
        var rest = buffer
        do throws(IOFailure) {
            let file = try file(for: .write)
            while true {
                let count = try instance.write(
                    file, at: offset + UInt64(done), length: length - done, from: rest,
                    requestor: requestor)
                done += count
                if done >= length { return (done, nil) }
                guard count > 0 else { return (done, IOFailure(.diskFull)) }
                rest = try instance.volume.makeBuffer(capacity: length - done)
                rest.copy(length - done, of: buffer, from: done, to: 0)
            }
        } catch {
            return (done, error)
        }
    }

    func apply(_ change: FileChange) throws(IOFailure) {
        try instance.apply(change, to: try file(for: .write), requestor: requestor)
    }

    /// Bytes of the file below.
    func size() throws(IOFailure) -> UInt64 {
        guard case .information(let found) = try instance.query(.status, of: program) else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return found.size
    }

    /// The next data or hole below, at or after an offset; nil: nothing but a hole follows.
    func next(_ query: InformationQuery) throws(IOFailure) -> UInt64? {
        do throws(IOFailure) {
            guard case .offset(let offset) = try instance.query(query, of: try file(for: .read))
            else {
                throw IOFailure(.invalidDeviceRequest)
            }
            return offset
        } catch {
            guard error.errno == .noSuchAddressOrDevice else { throw error }
            return nil
        }
    }
}

/// A file object that the filter opened, for as long as the program's is open.
private final class OwnFile: FilterContext {
    let file: FileObject

    private init(_ file: FileObject) { self.file = file }

    deinit { file.close() }

    static func of(
        _ file: FileObject, _ needed: CreateParameters.Access, _ instance: FilterInstance
    ) throws(IOFailure) -> OwnFile {
        let held = instance.context(on: .streamHandle(file)) as? OwnFile
        if let held, held.file.access.isSuperset(of: needed) { return held }
        let own = OwnFile(
            try instance.open(
                CreateParameters(
                    path: "", directory: file, access: needed,
                    options: file.options.intersection([.writeThrough, .noAccessTime]))))
        do throws(NTStatus) {
            // Of two that are opened at once the first stays, if it is as good.
            let earlier = try instance.setContext(
                own, on: .streamHandle(file), held == nil ? .keepIfExists : .replaceIfExists)
            if held == nil, let first = earlier as? OwnFile,
                first.file.access.isSuperset(of: needed)
            {
                return first
            }
        } catch {
            throw IOFailure(error)
        }
        return own
    }
}

extension IOBuffer {
    /// Puts `count` bytes of another buffer in.
    func copy(_ count: Int, of source: any IOBuffer, from start: Int, to place: Int) {
        source.withBytes(start + count) { bytes in
            withMutableBytes(place + count) { own in
                var part = own._mutatingExtracting(place..<place + count)
                part.copy(bytes.extracting(start..<start + count))
            }
        }
    }
}
