import Foundation
import IOStack
import MemoryFileSystem
import Testing

@testable import BypassIOMount
@testable import FUSE

/// The notifications that the kernel gets after a change behind the mount, and how long it may keep
/// what it has cached.
@Suite(.timeLimit(.minutes(10))) struct CoherenceTests {
    private let kernel: KernelSide
    private let watch = ScriptedWatch()
    private let trust: KernelTrust

    init() throws {
        kernel = try KernelSide()
        trust = KernelTrust(
            kernel.memory.volume,
            KernelTrust.Limits(
                entry: .seconds(1), attributes: .seconds(2), absence: .zero, longest: 60), watch)
    }

    private var nodes: NodeTable { kernel.fileSystem.nodes }

    /// Notifications: code, first number and what follows.
    private func notifications(
        _ count: Int, within seconds: Double = 5
    ) -> [(code: UInt32, bytes: [UInt8])] {
        var all: [[UInt8]] = []
        let end = Date(timeIntervalSinceNow: seconds)
        while all.count < count, Date() < end {
            usleep(5000)
            all += kernel.outbox.take()
        }
        return all.map { message in
            let words = (0..<4).map { UInt32(message[4 + $0]) << UInt32($0 * 8) }
            return (words.reduce(0, |), Array(message[16...]))
        }
    }

    private func number(_ bytes: [UInt8], _ offset: Int = 0) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64($1 * 8) }
    }

    // MARK: Telling

    @Test func whatChangedIsToldTwice() throws {
        let made = kernel.create("a")
        let file = try nodes.node(NodeID(made.node))
        let forwarder = try #require(ChangeForwarder(trust, nodes, Notifier(kernel.outbox)))
        watch.tell(
            .changes([
                OutsideChange(
                    directory: nodes.root.id, name: Array("a".utf8), file: file.id,
                    effects: .content)
            ]))
        let first = notifications(1)
        #expect(first.map(\.code) == [2])
        #expect(number(first[0].bytes) == made.node)
        #expect(number(first[0].bytes, 8) == 0, "data from the beginning")
        let second = notifications(1)
        #expect(second.map(\.bytes) == first.map(\.bytes), "a second later again")
        forwarder.stop()
    }

    @Test func attributesLeaveTheData() throws {
        let made = kernel.create("a")
        let file = try nodes.node(NodeID(made.node))
        let forwarder = try #require(ChangeForwarder(trust, nodes, Notifier(kernel.outbox)))
        watch.tell(
            .changes([
                OutsideChange(directory: nil, name: [], file: file.id, effects: .attributes)
            ]))
        #expect(notifications(1).map { Int64(bitPattern: number($0.bytes, 8)) } == [-1])
        forwarder.stop()
    }

    @Test func namesGoWithTheirDirectorysEntries() throws {
        let forwarder = try #require(ChangeForwarder(trust, nodes, Notifier(kernel.outbox)))
        watch.tell(
            .changes([
                OutsideChange(
                    directory: nodes.root.id, name: Array("new".utf8),
                    file: FileID(device: 9, inode: 9), effects: [.name, .attributes])
            ]))
        let told = notifications(2)
        #expect(told.map(\.code) == [3, 2])
        #expect(number(told[0].bytes) == 1)
        #expect(told[0].bytes[16...] == (Array("new".utf8) + [0])[...])
        #expect(number(told[1].bytes) == 1)
        forwarder.stop()
    }

    @Test func whatTheKernelDoesNotKnowIsNotTold() throws {
        let forwarder = try #require(ChangeForwarder(trust, nodes, Notifier(kernel.outbox)))
        watch.tell(
            .changes([
                OutsideChange(
                    directory: FileID(device: 9, inode: 8), name: [65],
                    file: FileID(device: 9, inode: 9), effects: [.name, .content, .attributes])
            ]))
        #expect(notifications(1, within: 0.3).isEmpty)
        forwarder.stop()
    }

    @Test func anythingIsEverythingThatTheKernelKnows() throws {
        let made = [kernel.create("a").node, kernel.create("b").node]
        let forwarder = try #require(ChangeForwarder(trust, nodes, Notifier(kernel.outbox)))
        watch.tell(.anything)
        // The root, two files, their two names, and all names.
        let told = notifications(6)
        #expect(Set(told.filter { $0.code == 2 }.map { number($0.bytes) }) == Set(made + [1]))
        #expect(told.count { $0.code == 3 } == 2)
        #expect(told.last?.code == 8)
        forwarder.stop()
    }

    // MARK: Trusting

    private func information(changed secondsAgo: Int64) throws -> FileInformation {
        var information = try kernel.fileSystem.nodes.root.held?.file.status()
        let time = FileTime(seconds: Int64(time(nil)) - secondsAgo, nanoseconds: 0)
        information?.changeTime = time
        information?.modificationTime = time
        return try #require(information)
    }

    @Test func namesAreTrustedAndSoAreFilesLeftAlone() throws {
        let fresh = trust.validities(of: try information(changed: 0), since: trust.mark())
        #expect(fresh.name == Validity(.seconds(60)))
        #expect(fresh.attributes == Validity(.seconds(2)))
        let old = trust.validities(of: try information(changed: 10_000), since: trust.mark())
        #expect(old.name == Validity(.seconds(60)))
        #expect(old.attributes == Validity(.seconds(60)))
        let future = trust.validities(of: try information(changed: -10_000), since: trust.mark())
        #expect(future.attributes == Validity(.seconds(2)))
    }

    @Test func whatMayBeOlderThanWhatWasToldIsNot() throws {
        let mark = trust.mark()
        trust.willTell()
        let old = trust.validities(of: try information(changed: 10_000), since: mark)
        #expect(old.name == Validity(.seconds(1)))
        #expect(trust.absence(in: nodes.root, since: mark) == .zero)
        #expect(trust.absence(in: nodes.root, since: trust.mark()) == .seconds(60))
    }

    @Test func whereNobodyTellsNothingIsTrusted() throws {
        watch.stop()
        let old = trust.validities(of: try information(changed: 10_000), since: trust.mark())
        #expect(old.name == Validity(.seconds(1)))
        #expect(flags(areNamesAlone: false) == [])
    }

    @Test func filtersThatWantToSeeDo() throws {
        try kernel.memory.attach(
            FilterRegistration(
                name: "watch", altitude: Altitude(integer: 1), supportedFeatures: .bypassIO,
                operations: [.queryInformation, .directoryControl].map { major in
                    OperationRegistration(
                        major, preOperation: { _, _ in .successNoCallback })
                }))
        let old = trust.validities(of: try information(changed: 10_000), since: trust.mark())
        #expect(old.name == Validity(.seconds(1)))
        #expect(flags(areNamesAlone: false) == [])
    }

    @Test func listsOfEntriesAreKeptOnceMade() {
        #expect(flags(areNamesAlone: false) == .cacheDirectory)
        #expect(flags(areNamesAlone: false) == [.cacheDirectory, .keepCache])
        #expect(flags(areNamesAlone: true) == [.cacheDirectory, .keepCache], "it is there")
        #expect(
            !nodes.keepsListing(of: nodes.root, at: 1 << 40, limit: 60, isRenewed: true),
            "too old")
    }

    @Test func listsOfNamesAloneAreNotKept() {
        #expect(flags(areNamesAlone: true) == [])
        #expect(flags(areNamesAlone: true) == [])
        #expect(flags(areNamesAlone: false) == .cacheDirectory, "nothing is there yet")
    }

    private func flags(areNamesAlone: Bool) -> OpenReplyFlags {
        trust.listingFlags(nodes.root, nodes, areNamesAlone: areNamesAlone)
    }
}
