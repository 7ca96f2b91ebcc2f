import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import SystemPackage

/// Reads a file page by page.
@safe
final class PageReader {
    private let file: FileDescriptor
    private let page: UnsafeMutableRawPointer

    init(_ path: String, isDirect: Bool) throws {
        let options =
            isDirect
            ? FileDescriptor.OpenOptions(rawValue: call_open_flags.direct)
            : FileDescriptor.OpenOptions()
        file = try FileDescriptor.open(FilePath(path), .readOnly, options: options)
        unsafe page = UnsafeMutableRawPointer.allocate(
            byteCount: ClientRoute.pageSize, alignment: ClientRoute.pageSize)
    }

    deinit {
        unsafe page.deallocate()
        try? file.close()
    }

    func enableBypass() throws {
        guard let results = try BypassIOClient(file).manage(.enable).results,
            results.status == .success
        else { throw MeasurementError("bypass was refused") }
    }

    func read(_ count: Int) throws {
        for number in 0..<count {
            let offset = Int64(number * ClientRoute.pageSize)
            let length = unsafe call_pread(file.rawValue, page, ClientRoute.pageSize, offset)
            guard length == ClientRoute.pageSize else {
                throw MeasurementError("page \(number) was read with \(length)")
            }
        }
    }
}
