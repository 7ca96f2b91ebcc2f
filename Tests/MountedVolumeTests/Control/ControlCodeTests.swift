import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// The control code as the kernel carries it.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the control code is ours"))
    struct ControlCode {
        /// `BYPASSIO_IOC_FSCTL`.
        private static let number: UInt64 = 0xC200_4201
        private static let filling: UInt8 = 0xEE

        /// Sends one operation to a file of a new mount. Returns the call's answer, and the message
        /// as it came back.
        private func send(
            _ operation: UInt32, input: UInt32 = 24, output: UInt32, flags: UInt32 = 0
        ) throws -> (answer: Int64, message: [UInt8]) {
            let mount = try LiveMount(options: "allow_other")
            try Data(repeating: 7, count: 65536)
                .write(to: URL(fileURLWithPath: "\(mount.source)/file"))
            let opened = unsafe call_open(
                "\(mount.mountpoint)/file", Int32(call_open_flags.direct), 0)
            try #require(opened >= 0)
            defer { _ = call_close(Int32(opened)) }

            var message = [UInt8](repeating: Self.filling, count: 512)
            store(0x0009_0448, at: 0, &message)
            for offset in stride(from: 4, to: 48, by: 4) { store(0, at: offset, &message) }
            store(flags, at: 4, &message)
            store(input, at: 8, &message)
            store(output, at: 12, &message)
            store(operation, at: 24, &message)
            let answer = unsafe message.withUnsafeMutableBytes { bytes in
                unsafe call_ioctl(Int32(opened), Self.number, bytes.baseAddress)
            }
            return (answer, message)
        }

        @Test(
            "spec 6.3: of a length over 488 what fits is used, and every other check stays",
            arguments: [
                (UInt32(489), UInt32(489)), (4096, 65536), (.max, .max), (24, 489), (489, 352),
            ])
        func longerBuffers(input: UInt32, output: UInt32) throws {
            let (answer, message) = try send(3, input: input, output: output)
            #expect(answer == 0)
            #expect(load(message, at: 8) == input && load(message, at: 12) == output)
            #expect(load(message, at: 16) == 0, "STATUS_SUCCESS")
            #expect(load(message, at: 20) == 352)
            #expect(message[(24 + 352)...].allSatisfy { $0 == Self.filling })
        }

        @Test("spec 6.3: a buffer that is too small is so, however long the other is")
        func shorterBuffers() throws {
            let short = try send(3, input: 23, output: .max)
            #expect(short.answer == 0)
            #expect(load(short.message, at: 16) == 0xC000_0206, "STATUS_INVALID_BUFFER_SIZE")
            let small = try send(3, input: .max, output: 351)
            #expect(load(small.message, at: 16) == 0xC000_0023, "STATUS_BUFFER_TOO_SMALL")
            let unknown = try send(9, input: .max, output: .max)
            #expect(load(unknown.message, at: 16) == 0xC000_000D, "STATUS_INVALID_PARAMETER")
            #expect(try send(3, output: 352, flags: 1).answer == -22, "EINVAL")
        }

        @Test(
            "linux-interface 1: the output is written and what is behind it is left alone",
            arguments: [(UInt32(1), 352), (2, 24), (3, 352), (8, 96)])
        func output(operation: UInt32, length: Int) throws {
            let (answer, message) = try send(operation, output: UInt32(length))
            #expect(answer == 0)
            #expect(load(message, at: 0) == 0x0009_0448)
            #expect(load(message, at: 16) == 0, "STATUS_SUCCESS")
            #expect(load(message, at: 20) == UInt32(length))
            #expect(load(message, at: 24) == operation)
            let behind = message[(24 + max(length, 24))...]
            #expect(behind.allSatisfy { $0 == Self.filling })
        }

        private func store(_ value: UInt32, at offset: Int, _ message: inout [UInt8]) {
            for byte in 0..<4 {
                message[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte))
            }
        }

        private func load(_ message: [UInt8], at offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(message[offset + $1]) << (8 * $1) }
        }
    }
}
