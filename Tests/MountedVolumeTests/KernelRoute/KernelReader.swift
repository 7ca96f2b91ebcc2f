import CPosixCalls
import Foundation
import Testing

/// An open file of a mount, with a page of memory for its reads.
final class KernelReader {
    enum Kind: String, CaseIterable, Sendable {
        case reader, directReader, writer, directWriter

        var flags: Int32 {
            switch self {
            case .reader: 0
            case .directReader: call_open_flags.direct
            case .writer: 2
            case .directWriter: 2 | call_open_flags.direct
            }
        }
        var mayWrite: Bool { self == .writer || self == .directWriter }
    }

    let descriptor: Int32
    private let page: MappedMemory

    init(_ path: String, _ kind: Kind = .reader) throws {
        let answer = unsafe call_open(path, kind.flags, 0)
        guard answer >= 0 else { throw TestError("open \(path) as \(kind): errno \(-answer)") }
        descriptor = Int32(answer)
        page = try MappedMemory(nil, length: 4096, writable: true)
    }

    deinit { _ = call_close(descriptor) }

    /// The value that all bytes of a page have; throws the errno of a failed read.
    func value(page number: Int = 0) throws -> UInt8 {
        let count = unsafe call_pread(descriptor, page.address, 4096, Int64(number) * 4096)
        guard count == 4096 else { throw TestError("read: \(count)") }
        let bytes = unsafe UnsafeRawBufferPointer(start: page.address, count: 4096)
        let first = unsafe bytes[0]
        guard unsafe bytes.allSatisfy({ $0 == first }) else { throw TestError("a torn page") }
        return first
    }

    func readAnswer(page number: Int = 0) -> Int64 {
        unsafe call_pread(descriptor, page.address, 4096, Int64(number) * 4096)
    }

    /// Of what the last read brought.
    var lastByte: UInt8 {
        unsafe UnsafeRawBufferPointer(start: page.address, count: 4096)[4095]
    }

    func write(_ value: UInt8, page number: Int = 0) throws {
        unsafe page.address.initializeMemory(as: UInt8.self, repeating: value, count: 4096)
        let count = unsafe call_pwrite(descriptor, page.address, 4096, Int64(number) * 4096)
        guard count == 4096 else { throw TestError("write: \(count)") }
    }
}
