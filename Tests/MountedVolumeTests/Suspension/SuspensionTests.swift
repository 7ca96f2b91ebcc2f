import BypassIOClient
import BypassIOProtocol
import CPosixCalls
import Foundation
import SystemPackage
import Testing

extension MountedVolume {
    /// Spec 4.6 on a live mount: the state of the kernel's page cache through one handle decides
    /// the bypass of another.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "the control code is ours"))
    struct Suspension {
        private static let size = 65536

        /// A file of the mount with bypass enabled, and the service's report of its reads.
        private final class Reader {
            let mount: LiveMount
            let path: String
            let descriptor: Int32
            private let page: MappedMemory

            init(suspend: String) throws {
                mount = try LiveMount(options: "allow_other,suspend=\(suspend)")
                path = "\(mount.mountpoint)/file"
                let bytes = [UInt8](repeating: 7, count: Suspension.size)
                try Data(bytes).write(to: URL(fileURLWithPath: "\(mount.source)/file"))
                descriptor = try Suspension.open(path, call_open_flags.direct)
                page = try MappedMemory(nil, length: 4096, writable: true)
                let client = BypassIOClient(FileDescriptor(rawValue: descriptor))
                #expect(try client.manage(.enable).results?.status == .success)
            }

            deinit { _ = call_close(descriptor) }

            /// Reads the first page, and returns whether the read was bypassed.
            func isBypassed() throws -> Bool {
                let before = try bypassedReads()
                #expect(unsafe call_pread(descriptor, page.address, 4096, 0) == 4096)
                return try bypassedReads() > before
            }

            var firstByte: UInt8 { unsafe page.address.load(as: UInt8.self) }

            private func bypassedReads() throws -> Int {
                let reads = try #require(try mount.facts("filters")["reads"])
                let counts = try #require(reads as? [String: Int])
                return (counts["fullBypass"] ?? 0) + (counts["filterBypass"] ?? 0)
            }

            func cause() throws -> String? {
                try mount.facts("state", path)["traditionalBecause"] as? String
            }
        }

        private static func open(_ path: String, _ flags: Int32) throws -> Int32 {
            let answer = unsafe call_open(path, flags, 0)
            guard answer >= 0 else { throw TestError("open \(path): \(answer)") }
            return Int32(answer)
        }

        @Test("spec 4.6: strict: an open without O_DIRECT suspends, also as a mapping only")
        func strictCachedOpen() throws {
            let reader = try Reader(suspend: "strict")
            #expect(try reader.isBypassed())
            let cached = try Self.open(reader.path, 0)
            #expect(try !reader.isBypassed())
            #expect(try reader.cause() == "another handle does cached I/O")
            let mapping = try MappedMemory(cached, length: Self.size, writable: false)
            _ = call_close(cached)
            #expect(try !reader.isBypassed(), "the mapping keeps the handle")
            withExtendedLifetime(mapping) {}
        }

        @Test("spec 4.6: the bypass comes back when the last mapping is gone")
        func comesBack() throws {
            let reader = try Reader(suspend: "strict")
            do {
                let cached = try Self.open(reader.path, 0)
                let mapping = try MappedMemory(cached, length: Self.size, writable: false)
                _ = call_close(cached)
                #expect(try !reader.isBypassed())
                withExtendedLifetime(mapping) {}
            }
            // The kernel may send RELEASE a moment later.
            let end = Date(timeIntervalSinceNow: 10)
            while try !reader.isBypassed() {
                guard Date() < end else { throw TestError("still suspended") }
            }
            #expect(try reader.cause() == nil)
        }

        @Test("spec 4.6: a mapping made through an O_DIRECT handle is seen by its first page fault")
        func mappingOfDirectHandle() throws {
            let reader = try Reader(suspend: "strict")
            let direct = try Self.open(reader.path, 2 | call_open_flags.direct)
            defer { _ = call_close(direct) }
            let mapping = try MappedMemory(direct, length: Self.size, writable: true)
            #expect(try reader.isBypassed(), "nothing is in the cache yet")
            _ = unsafe mapping.address.load(fromByteOffset: 8192, as: UInt8.self)
            #expect(try !reader.isBypassed())
            #expect(try reader.cause() == "the file is mapped")
            withExtendedLifetime(mapping) {}
        }

        @Test(
            "spec 4.6: what was stored in a mapping is what the next bypassed handle reads",
            arguments: ["strict", "dirty"])
        func storedBytes(policy: String) throws {
            let reader = try Reader(suspend: policy)
            let direct = try Self.open(reader.path, 2 | call_open_flags.direct)
            defer { _ = call_close(direct) }
            let mapping = try MappedMemory(direct, length: Self.size, writable: true)
            for value in UInt8(10)..<30 {
                unsafe mapping.address.storeBytes(of: value, as: UInt8.self)
                _ = try reader.isBypassed()
                #expect(reader.firstByte == value)
            }
        }

        @Test("spec 4.6: dirty: readers through the cache suspend nothing, writers do")
        func dirty() throws {
            let reader = try Reader(suspend: "dirty")
            let cached = try Self.open(reader.path, 0)
            let mapping = try MappedMemory(cached, length: Self.size, writable: false)
            _ = unsafe mapping.address.load(as: UInt8.self)
            #expect(try reader.isBypassed())
            #expect(try reader.cause() == nil)
            let writer = try Self.open(reader.path, 2)
            #expect(try !reader.isBypassed())
            _ = call_close(writer)
            _ = call_close(cached)
            #expect(
                try reader.mount.facts("filters", reader.mount.mountpoint)["suspend"] as? String
                    == "dirty")
        }
    }
}
