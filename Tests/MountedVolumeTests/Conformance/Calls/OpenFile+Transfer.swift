import CPosixCalls

/// Rare ways to move bytes and to sync them.
extension OpenFile {
    /// Uses an origin that lseek(2) does not know.
    func seekUnknown(_ whence: Int32) {
        note("lseek from \(whence)", call_lseek(descriptor, 0, whence))
    }

    func syncFileSystem() { note("syncfs", call_syncfs(descriptor)) }

    func syncRange(_ offset: Int64, _ count: Int64) {
        note("sync_file_range \(offset) \(count)", call_sync_file_range(descriptor, offset, count))
    }

    /// Reads into address 1.
    func readIntoNowhere(_ count: Int) {
        guard let nowhere = unsafe UnsafeMutableRawPointer(bitPattern: 1) else { return }
        note("read into nowhere", unsafe call_pread(descriptor, nowhere, count, 0))
    }

    func writeFromNowhere(_ count: Int) {
        guard let nowhere = unsafe UnsafeMutableRawPointer(bitPattern: 1) else { return }
        note("write from nowhere", unsafe call_pwrite(descriptor, nowhere, count, 0))
    }

    /// sendfile(2) into the other file at its position; an offset of -1 uses this file's position.
    func sendfile(_ count: Int, at offset: Int64, to other: OpenFile) {
        note(
            "sendfile \(count) at \(offset) to [\(other.name)]",
            call_sendfile(other.descriptor, descriptor, offset, count))
    }

    /// splice(2) through a pipe.
    func splice(_ count: Int, at offset: Int64, to other: OpenFile, at place: Int64) {
        note(
            "splice \(count) at \(offset) to [\(other.name)] at \(place)",
            call_splice(descriptor, offset, other.descriptor, place, count))
    }

    /// POSIX_FADV_*: random 1, sequential 2, willneed 3, dontneed 4.
    func advise(_ advice: Int32) {
        note("fadvise \(advice)", call_fadvise(descriptor, 0, 0, advice))
    }

    func readahead(_ count: Int, at offset: Int64) {
        note("readahead \(count) at \(offset)", call_readahead(descriptor, offset, count))
    }
}

extension ConformanceDirectory {
    /// openat2(2); `resolve` are RESOLVE_*.
    func openat2(_ name: FileName, resolve: UInt64) {
        let answer = Answer(unsafe call_openat2(-100, name.bytes, 0, 0, resolve))
        note("openat2 \(name) resolve \(resolve)", answer.withoutValue)
    }

    /// Records the entries that the open directory still lists.
    func readEntries(_ directory: OpenFile) {
        switch DirectoryReading.all(directory.descriptor) {
        case .success(let entries):
            note("entries [\(directory.name)]", entries.map(\.text).sorted())
        case .failure(let failure):
            note("entries [\(directory.name)]", failure.answer)
        }
    }
}
