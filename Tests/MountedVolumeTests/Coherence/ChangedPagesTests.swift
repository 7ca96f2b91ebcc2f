import CPosixCalls
import Foundation
import Testing

extension MountedVolume {
    /// Questions to a file while the kernel holds pages newer than the file behind the mount.
    @Suite(.enabled(if: MountCommand.chosen.isOurs, "what our service does about changed pages"))
    struct ChangedPages {
        private static let options = [
            "allow_other", "allow_other,bypass=auto", "allow_other,suspend=dirty",
        ]
        private static let mebibyte: Int64 = 1 << 20
        private static let (data, hole): (Int32, Int32) = (3, 4)

        /// A file of 3 MiB, a hole but for 8 KiB at 1 MiB. A mapping has stored five bytes at 2
        /// MiB, and nothing has written them back.
        private final class Mapped {
            let path: String
            let file: RawFile
            let memory: MappedMemory

            init(_ mount: LiveMount, _ name: String, hasData: Bool = true) throws {
                path = "\(mount.mountpoint)/\(name)"
                file = try RawFile(path, RawFile.readWrite | RawFile.create)
                #expect(call_ftruncate(file.descriptor, 3 * mebibyte) == 0)
                if hasData {
                    let bytes = [UInt8](repeating: 65, count: 8192)
                    #expect(unsafe call_pwrite(file.descriptor, bytes, 8192, mebibyte) == 8192)
                }
                memory = try MappedMemory(
                    file.descriptor, length: 3 << 20, writable: true)
                store(at: 2 << 20)
            }

            func store(at offset: Int) {
                unsafe memory.address.storeBytes(
                    of: 0x6F6C_6C65, toByteOffset: offset, as: UInt32.self)
            }

            var bytes: Data { unsafe Data(bytes: memory.address, count: 3 << 20) }
        }

        private func seek(_ path: String, _ offset: Int64, _ whence: Int32) throws -> Int64 {
            let file = try RawFile(path)
            defer { withExtendedLifetime(file) {} }
            return call_lseek(file.descriptor, offset, whence)
        }

        /// Asks until the answer is exact. Until a busy machine has written the pages back, it
        /// gives the cautious answer that calls everything data; any other answer is wrong at once.
        private func expectSeek(
            _ path: String, _ offset: Int64, _ whence: Int32, finds exact: Int64,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let cautious = whence == Self.data ? offset : 3 * Self.mebibyte
            var found = try seek(path, offset, whence)
            for _ in 0..<100 where found == cautious && found != exact {
                usleep(20_000)
                found = try seek(path, offset, whence)
            }
            #expect(found == exact, sourceLocation: sourceLocation)
        }

        @Test(arguments: options) func dataIsFoundWhereAMappingStoredIt(_ options: String) throws {
            let mount = try LiveMount(options: options)
            let mapped = try Mapped(mount, "f")
            let (path, one, two) = (mapped.path, Self.mebibyte, 2 * Self.mebibyte)
            try expectSeek(path, one + one / 2, Self.data, finds: two)
            try expectSeek(path, two, Self.hole, finds: two + 4096)
            try expectSeek(path, one, Self.hole, finds: one + 8192)
            try expectSeek(path, two + one / 2, Self.data, finds: -Int64(ENXIO))
            try expectSeek(path, two + one / 2, Self.hole, finds: two + one / 2)
            // Where the seek before found a hole.
            mapped.store(at: 1 << 20 | 8192)
            try expectSeek(path, one, Self.hole, finds: one + 12288)
            withExtendedLifetime(mapped) {}
        }

        @Test(arguments: options) func copiesHaveWhatAMappingStored(_ options: String) throws {
            let mount = try LiveMount(options: options)
            for hasData in [true, false] {
                let mapped = try Mapped(mount, "f\(hasData)", hasData: hasData)
                let (name, copy) = (mapped.path, mount.folder.path("copy"))
                let lines = [
                    "cp \(name) \(copy)", "cp --sparse=always \(name) \(copy)",
                    "tar -Scf - -C / \(name.dropFirst()) | tar -xOf - > \(copy)",
                    "rsync -S \(name) \(copy)",
                    "cp \(name) \(mount.mountpoint)/g; cat \(mount.mountpoint)/g > \(copy)",
                ].filter { !$0.hasPrefix("rsync") || ProgramBench.has("rsync") }
                for (index, line) in lines.enumerated() {
                    mapped.store(at: 2 << 20 | (index + 1) * 8192)
                    try? FileManager.default.removeItem(atPath: copy)
                    let outcome = try Program.shell(line).run(within: 60)
                    #expect(outcome.code == 0, "\(line): \(outcome)")
                    let got = FileManager.default.contents(atPath: copy)
                    #expect(got == mapped.bytes, "\(line) lost what was stored, of \(name)")
                }
            }
        }

        /// tar takes a file without blocks for a hole, also if it asked before a store.
        @Test func fileWithNewPagesHasBlocks() throws {
            let mount = try LiveMount(options: "allow_other")
            let mapped = try Mapped(mount, "f", hasData: false)
            // Without those pages the source has no blocks, unless a busy kernel wrote back early.
            #expect(try RawFile.status(of: mapped.path).blocks > 0)
            withExtendedLifetime(mapped) {}
        }

        /// The kernel writes the last mapping's pages back when the mapping goes.
        @Test(arguments: options) func nothingIsLostWithTheMapping(_ options: String) throws {
            let mount = try LiveMount(options: options)
            var mapped: Mapped? = try Mapped(mount, "f")
            let (path, bytes) = try #require(mapped.map { ($0.path, $0.bytes) })
            mapped = nil
            try expectSeek(path, Self.mebibyte * 3 / 2, Self.data, finds: 2 * Self.mebibyte)
            let outcome = try Program.shell("cp \(path) \(path).g").run(within: 60)
            #expect(outcome.code == 0, "\(outcome)")
            #expect(FileManager.default.contents(atPath: "\(path).g") == bytes)
        }

        /// Asks more often at once than the service has threads: each answer is right.
        @Test func manyAskAtOnce() async throws {
            let mount = try LiveMount(options: "allow_other,threads=4")
            let count = 24
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<count {
                    group.addTask {
                        let mapped = try Mapped(mount, "f\(index)")
                        for round in 1...20 {
                            let place = 2 << 20 | round * 8192
                            mapped.store(at: place)
                            let found = call_lseek(
                                mapped.file.descriptor, Int64(place - 4096), Self.data)
                            // When all its threads are busy, the service may report more data than
                            // there is.
                            #expect(found == Int64(place) || found == Int64(place - 4096))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
