import Foundation
import IOStack
import SystemPackage
import Testing

@testable import HostFileSystem

/// The watch reports what other processes do to a volume's files, and not what this process does.
@Suite(
    .enabled(
        if: HostFixture.canBeWatched,
        "needs root, and /var/tmp on a file system whose handles tell inodes (ext4, xfs)"),
    .timeLimit(.minutes(10)))
struct ChangeWatchTests {
    private let host: HostFixture
    private let watch: any OutsideChangeWatch

    init() throws {
        host = try HostFixture()
        watch = try #require(host.fileSystem.watchOutsideChanges())
    }

    /// The reports about the volume's own files within 5 seconds, until `isEnough` accepts them.
    private func told(until isEnough: ([OutsideChange]) -> Bool) throws -> [OutsideChange] {
        let directory = FileID(try host.status("."))
        var all: [OutsideChange] = []
        let end = ContinuousClock().now + .seconds(15)
        while !isEnough(all), ContinuousClock().now < end {
            guard case .changes(let some) = watch.next(within: .milliseconds(200)) else { break }
            // Other tests work on the same file system.
            all += some.filter { $0.directory == directory }
        }
        return all
    }

    private func shell(_ line: String) throws {
        try HostTool.run("sh", ["-c", "cd '\(host.root)' && \(line)"])
    }

    @Test func whatOthersDoIsTold() throws {
        try shell("echo a > made; chmod 600 made; mv made moved; ln moved other; rm other")
        let moved = FileID(try host.status("moved"))
        let changes = try told { $0.contains { $0.name == Array("other".utf8) } }
        for name in ["made", "moved", "other"] {
            let ofName = changes.filter { $0.name == Array(name.utf8) }
            #expect(ofName.contains { $0.effects.contains(.name) }, "\(name)")
            #expect(ofName.allSatisfy { $0.file == moved }, "\(name): \(ofName)")
        }
        #expect(changes.contains { $0.effects.contains(.content) })
        #expect(watch.covers(moved))
        #expect(!watch.covers(FileID(device: 1, inode: 1)))
    }

    @Test func whatThisProcessDoesIsNot() throws {
        try host.hostFile("own", [1, 2, 3])
        try shell("echo a > last")
        let changes = try told { $0.contains { $0.name == Array("last".utf8) } }
        #expect(!changes.contains { $0.name == Array("own".utf8) })
        #expect(changes.contains { $0.name == Array("last".utf8) })
    }

    @Test func moreThanFitsIsAnything() throws {
        // fanotify keeps 16384 events at most.
        try shell("i=0; while [ $i -lt 9000 ]; do : > $i; rm $i; i=$((i+1)); done")
        var isAnything = false
        for _ in 0..<100 where !isAnything {
            switch watch.next(within: .milliseconds(100)) {
            case .anything: isAnything = true
            case .changes, .ended: break
            }
        }
        #expect(isAnything)
    }

    @Test func stopEndsWhoWaits() throws {
        let watch = watch
        let thread = Thread {
            usleep(50_000)
            watch.stop()
        }
        thread.start()
        var last = OutsideChanges.changes([])
        while case .changes = last { last = watch.next(within: nil) }
        #expect(last == .ended)
        #expect(watch.next(within: nil) == .ended)
        #expect(!watch.covers(FileID(try host.status("."))), "nothing is told any more")
    }
}
