import FUSE
import IOStack
import LinuxKit
import SystemPackage
import Testing

@testable import BypassIOMount

/// What a successor makes of the table of a service that has died.
struct RecoveredStateTests {
    /// Above those that other tests get meanwhile.
    private static let leastNumber: Int32 = 700

    private let table: RecoveryTable
    private let root: RecoveryTable.NodePlace

    init() throws {
        table = try RecoveryTable.make()
        root = table.add(
            RecoveryTable.Node(
                flags: [.isKnown, .isDirectory], number: NodeID.root.rawValue, device: 5, inode: 2,
                birthSeconds: 0, birthNanoseconds: 0, lookups: 1))
        var node = ServiceState.NodeRecord(
            number: NodeID.root.rawValue, id: FileID(device: 5, inode: 2), birthTime: nil)
        node.isDirectory = true
        let state = ServiceState(
            device: 3, minor: 45, flags: 0, maximumWrite: 1 << 20,
            root: FileID(device: 5, inode: 2), lastNumber: 1, leavesAccessTime: false,
            nodes: [node], handles: [], generations: [])
        table.note(state.bytes)
    }

    /// As one that was inherited: whoever takes it closes it.
    private static func inherited() throws -> Int32 {
        let null = try SystemCall.open("/dev/null", .readOnly)
        return try SystemCall.duplicate(null.descriptor, from: leastNumber).release().rawValue
    }

    private static func isOpen(_ number: Int32) -> Bool {
        (try? SystemCall.status(of: FileDescriptor(rawValue: number))) != nil
    }

    private func open(
        _ descriptor: Int32, at place: Int, by opener: UInt64, node: RecoveryTable.NodePlace
    ) {
        table.set(
            RecoveryTable.Handle(
                flags: .isShared, generation: 1, node: node, descriptor: descriptor, openFlags: 0,
                userID: 0, groupID: 0, processID: 1, access: 1, opener: opener),
            at: place)
    }

    @Test("what no handle needs is closed: an open without a reply, a file without a node")
    func unused() throws {
        let (kept, unanswered, unknown, shared) = (
            try Self.inherited(), try Self.inherited(), try Self.inherited(), try Self.inherited()
        )
        defer {
            for number in [kept, shared] {
                _ = OwnedDescriptor(owning: FileDescriptor(rawValue: number))
            }
        }
        table.begin(12, 14)
        open(kept, at: 0, by: 10, node: root)
        open(unanswered, at: 1, by: 12, node: root)
        open(unknown, at: 2, by: 10, node: RecoveryTable.NodePlace(900))
        open(shared, at: 3, by: 10, node: root)
        open(shared, at: 4, by: 12, node: root)
        let state = try ServiceState(recovering: table)
        #expect(state.handles.map(\.open.descriptor) == [kept, shared])
        #expect(Self.isOpen(kept) && Self.isOpen(shared))
        #expect(!Self.isOpen(unanswered) && !Self.isOpen(unknown))
    }

    @Test("the channel to a guardian that is gone is closed")
    func channel() throws {
        let channel = try Self.inherited()
        table.set(.channel, to: UInt64(channel))
        let state = try ServiceState(recovering: table)
        #expect(state.gates == nil && !Self.isOpen(channel))
    }
}
