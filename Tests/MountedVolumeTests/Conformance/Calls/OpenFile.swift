import CPosixCalls
import Foundation

/// An open file of a case; its calls go into the directory's record.
///
/// It closes with `close`, or when the case's thread ends, because the thread has descriptors of
/// its own.
struct OpenFile {
    let name: String
    let descriptor: Int32
    let record: ConformanceDirectory

    @discardableResult
    func note(_ what: String, _ answer: Int64) -> Answer {
        record.note("\(what) [\(name)]", answer: answer)
    }

    private func note(_ what: String, _ answer: Answer, bytes: [UInt8]) {
        let text = answer.isError ? "\(answer)" : ByteSummary.text(bytes.prefix(answer.count))
        record.note("\(what) [\(name)]", text)
    }

    @discardableResult
    func close() -> Answer { note("close", call_close(descriptor)) }

    func duplicate() -> OpenFile {
        let answer = Answer(call_dup(descriptor))
        record.note("dup [\(name)]", answer.withoutValue)
        return OpenFile(name: name, descriptor: answer.descriptor, record: record)
    }

    /// open(2) of /proc/self/fd/N: the same file, whatever its name is by now.
    @discardableResult
    func reopen(_ flags: OpenFlags) -> OpenFile {
        let answer = Answer(
            unsafe call_open("/proc/thread-self/fd/\(descriptor)", flags.rawValue, 0o644))
        record.note("reopen [\(name)] \(flags)", answer.withoutValue)
        return OpenFile(name: name, descriptor: answer.descriptor, record: record)
    }

    // MARK: Reading and writing

    func read(_ count: Int) {
        var buffer = [UInt8](repeating: 0, count: max(count, 1))
        let answer = Answer(unsafe call_read(descriptor, &buffer, count))
        note("read \(count)", answer, bytes: buffer)
    }

    @discardableResult
    func write(_ text: String) -> Answer { write(Array(text.utf8)) }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Answer {
        note("write \(bytes.count)", unsafe call_write(descriptor, bytes, bytes.count))
    }

    func pread(_ count: Int, at offset: Int64) {
        var buffer = [UInt8](repeating: 0, count: max(count, 1))
        let answer = Answer(unsafe call_pread(descriptor, &buffer, count, offset))
        note("pread \(count) at \(offset)", answer, bytes: buffer)
    }

    @discardableResult
    func pwrite(_ text: String, at offset: Int64) -> Answer {
        pwrite(Array(text.utf8), at: offset)
    }

    @discardableResult
    func pwrite(_ bytes: [UInt8], at offset: Int64) -> Answer {
        note(
            "pwrite \(bytes.count) at \(offset)",
            unsafe call_pwrite(descriptor, bytes, bytes.count, offset))
    }

    /// Reads in `pieces` parts of equal size; `flags` are RWF_*.
    func preadv(_ count: Int, pieces: Int32, at offset: Int64, flags: Int32 = 0) {
        var buffer = [UInt8](repeating: 0, count: max(count, 1))
        let answer = Answer(
            unsafe call_preadv2(descriptor, &buffer, count, pieces, offset, flags))
        note("preadv \(count) in \(pieces) at \(offset) flags \(flags)", answer, bytes: buffer)
    }

    @discardableResult
    func pwritev(_ bytes: [UInt8], pieces: Int32, at offset: Int64, flags: Int32 = 0) -> Answer {
        note(
            "pwritev \(bytes.count) in \(pieces) at \(offset) flags \(flags)",
            unsafe call_pwritev2(descriptor, bytes, bytes.count, pieces, offset, flags))
    }

    /// Writes from memory that lies `skew` bytes behind a page's start.
    @discardableResult
    func pwriteAligned(
        _ byte: UInt8, count: Int, at offset: Int64, skew: Int = 0
    ) -> Answer {
        let memory = AlignedMemory(count: count + skew)
        memory.fill(byte)
        return note(
            "pwrite \(count) at \(offset) memory +\(skew)",
            unsafe call_pwrite(descriptor, memory.address + skew, count, offset))
    }

    func preadAligned(_ count: Int, at offset: Int64, skew: Int = 0) {
        let memory = AlignedMemory(count: count + skew)
        let answer = Answer(
            unsafe call_pread(descriptor, memory.address + skew, count, offset))
        note(
            "pread \(count) at \(offset) memory +\(skew)", answer,
            bytes: memory.bytes(from: skew, count: answer.count))
    }

    /// Reads up to 64 MiB.
    static func readAll(_ descriptor: Int32) -> ([UInt8], Answer) {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while all.count < 1 << 26 {
            let answer = Answer(
                unsafe call_pread(descriptor, &buffer, buffer.count, Int64(all.count)))
            guard answer.count > 0 else { return (all, answer) }
            all += buffer.prefix(answer.count)
        }
        return (all, Answer(0))
    }

    /// Records the whole file through this descriptor.
    func contents() {
        let (bytes, end) = OpenFile.readAll(descriptor)
        record.note("contents [\(name)]", end.isError ? "\(end)" : ByteSummary.text(bytes))
    }

    // MARK: Position, size, storage

    @discardableResult
    func seek(_ offset: Int64, _ whence: Whence = .set) -> Answer {
        note("lseek \(offset) \(whence)", call_lseek(descriptor, offset, whence.rawValue))
    }

    @discardableResult
    func truncate(_ length: Int64) -> Answer {
        note("ftruncate \(length)", call_ftruncate(descriptor, length))
    }

    @discardableResult
    func allocate(_ mode: AllocationMode, at offset: Int64, _ length: Int64) -> Answer {
        note(
            "fallocate \(mode) at \(offset) \(length)",
            call_fallocate(descriptor, mode.rawValue, offset, length))
    }

    @discardableResult
    func sync() -> Answer { note("fsync", call_fsync(descriptor)) }

    @discardableResult
    func dataSync() -> Answer { note("fdatasync", call_fdatasync(descriptor)) }

    /// Copies bytes of this file from `offset` on into the other file; -1 uses the positions.
    @discardableResult
    func copyRange(
        _ count: Int, at offset: Int64, to other: OpenFile, at place: Int64, flags: UInt32 = 0
    ) -> Answer {
        note(
            "copy_file_range \(count) at \(offset) to [\(other.name)] at \(place)",
            call_copy_file_range(descriptor, offset, other.descriptor, place, count, flags))
    }
}

/// Memory that begins at a page; the last reference frees it.
@safe final class AlignedMemory {
    let address: UnsafeMutableRawPointer
    let count: Int

    init(count: Int) {
        self.count = max(count, 1)
        let memory = unsafe call_allocate_aligned(4096, self.count)
        guard let memory = unsafe memory else { preconditionFailure("no memory") }
        unsafe address = memory
        fill(0)
    }

    deinit { unsafe call_free_aligned(address) }

    func fill(_ byte: UInt8) {
        unsafe memset(address, Int32(byte), count)
    }

    func bytes(from place: Int, count wanted: Int) -> [UInt8] {
        unsafe Array(UnsafeRawBufferPointer(start: address, count: count)[place..<place + wanted])
    }
}
