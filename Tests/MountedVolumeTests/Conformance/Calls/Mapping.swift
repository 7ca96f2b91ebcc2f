import CPosixCalls
import Foundation

/// A mapping of a file.
@safe final class Mapping {
    private let record: ConformanceDirectory
    private let name: String
    private let address: UnsafeMutableRawPointer?
    private let length: Int
    private var isUnmapped = false

    init(of file: OpenFile, length: Int, protection: Int32, flags: Int32, offset: Int64) {
        (record, name) = (file.record, file.name)
        self.length = length
        var memory: UnsafeMutableRawPointer?
        let answer = Answer(
            unsafe call_mmap(length, protection, flags, file.descriptor, offset, &memory))
        unsafe address = memory
        record.note(
            "mmap \(length) at \(offset) protection \(protection) flags \(flags) [\(name)]", answer)
        endWithCase()
    }

    /// A mapping keeps its file open and its stored bytes off the disk: none may outlive its case.
    private func endWithCase() {
        record.atEnd { [self] in
            guard !isUnmapped, let memory = unsafe address else { return }
            _ = unsafe call_munmap(memory, length)
        }
    }

    private func with(_ what: String, _ body: (UnsafeMutableRawPointer) -> String) {
        let place = unsafe address
        if let place = unsafe place {
            record.note("\(what) [\(name)]", unsafe body(place))
        } else {
            record.note("\(what) [\(name)]", "no mapping")
        }
    }

    /// Records EFAULT where a program would get SIGBUS or SIGSEGV.
    func load(_ count: Int, at place: Int) {
        unsafe with("load \(count) at \(place)") { address in
            var buffer = [UInt8](repeating: 0, count: count)
            let answer = Answer(unsafe call_memory_read(address + place, &buffer, count))
            return answer.isError ? "\(answer)" : ByteSummary.text(buffer.prefix(answer.count))
        }
    }

    func store(_ text: String, at place: Int) {
        let bytes = Array(text.utf8)
        unsafe with("store \(bytes.count) at \(place)") { address in
            Answer(unsafe call_memory_write(address + place, bytes, bytes.count)).description
        }
    }

    /// MS_ASYNC is 1, MS_INVALIDATE 2, MS_SYNC 4.
    func sync(_ flags: Int32 = 4) {
        unsafe with("msync \(flags)") { Answer(unsafe call_msync($0, length, flags)).description }
    }

    func protect(_ protection: Int32) {
        unsafe with("mprotect \(protection)") {
            Answer(unsafe call_mprotect($0, length, protection)).description
        }
    }

    func advise(_ advice: Int32) {
        unsafe with("madvise \(advice)") {
            Answer(unsafe call_madvise($0, length, advice)).description
        }
    }

    func unmap() {
        isUnmapped = true
        unsafe with("munmap") { Answer(unsafe call_munmap($0, length)).description }
    }
}

extension OpenFile {
    /// PROT_READ is 1, PROT_WRITE 2, PROT_EXEC 4; MAP_SHARED is 1, MAP_PRIVATE 2.
    func map(
        _ length: Int, protection: Int32 = 3, flags: Int32 = 1, offset: Int64 = 0
    ) -> Mapping {
        Mapping(of: self, length: length, protection: protection, flags: flags, offset: offset)
    }
}
