import BypassIOProtocol
import IOStack
import SystemPackage

/// Takes a file that holds a signature out of the volume.
extension ScanFilter {
    /// - Parameter path: for people.
    func quarantine(_ job: ScanJob, _ signature: String, _ path: String) {
        guard let folder = surroundings.quarantine else { return }
        let file = job.file
        do throws(QuarantineFault) {
            let place = try place(of: job)
            defer { place.directory.close() }
            let known = InfectedFile(path: path, signature: signature, status: place.status)
            let copy = try folder.take(known) {
                (offset: UInt64, length: Int) throws(IOFailure) in
                let buffer = try file.volume.makeBuffer(capacity: length)
                let count = try job.instance.read(file, at: offset, length: length, into: buffer)
                return buffer.withBytes(count) { [UInt8](copying: $0) }
            }
            try remove(place, job)
            count { $0.quarantined += 1 }
            tell(
                ScanEvent(
                    .quarantined, path: path, file: file.stream.id, signature: signature,
                    reason: copy))
        } catch {
            tell(
                ScanEvent(
                    .notQuarantined, path: path, file: file.stream.id, signature: signature,
                    reason: error.words))
        }
    }

    /// A name of a file.
    private struct Place {
        let directory: FileObject
        let name: FilePath.Component
        let status: FileInformation
    }

    private func place(of job: ScanJob) throws(QuarantineFault) -> Place {
        do throws(IOFailure) {
            let path = FilePath(try job.file.currentPath())
            guard let name = path.lastComponent else { throw IOFailure(.objectNameNotFound) }
            let directory = try job.instance.open(
                CreateParameters(
                    path: path.removingLastComponent(), access: .read, kind: .directory,
                    options: .noFollow))
            do throws(IOFailure) {
                return Place(
                    directory: directory, name: name,
                    status: try status(of: name, in: directory, job))
            } catch {
                directory.close()
                throw error
            }
        } catch {
            throw QuarantineFault("it has no name any more (\(error))")
        }
    }

    /// Throws if the name is another file's.
    private func status(
        of name: FilePath.Component, in directory: FileObject, _ job: ScanJob
    ) throws(IOFailure) -> FileInformation {
        guard
            case .information(let status) = try job.instance.query(.entry(name), of: directory),
            status.id == job.file.stream.id
        else { throw IOFailure(.objectNameNotFound) }
        return status
    }

    /// Removes the name. It gets another name first, so that a file that came into its place
    /// meanwhile is not removed in its stead, but given its name back.
    private func remove(_ place: Place, _ job: ScanJob) throws(QuarantineFault) {
        let word = ".infected-\(place.status.id.inode)-\(place.status.changeTime.nanoseconds)"
        guard let aside = FilePath.Component(word) else { return }
        let (instance, directory) = (job.instance, place.directory)
        do throws(IOFailure) {
            try instance.apply(
                .rename(from: place.name, to: aside, in: directory, .noReplace), to: directory)
            do throws(IOFailure) {
                _ = try status(of: aside, in: directory, job)
            } catch {
                try instance.apply(
                    .rename(from: aside, to: place.name, in: directory, .noReplace),
                    to: directory)
                throw error
            }
            try instance.apply(.unlink(aside, directory: false), to: directory)
        } catch {
            throw QuarantineFault("it is copied, and its name stays (\(error))")
        }
    }
}
