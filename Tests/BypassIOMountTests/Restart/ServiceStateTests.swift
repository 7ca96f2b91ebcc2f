import FUSE
import IOStack
import Testing

@testable import BypassIOMount

/// The form in which a service hands its state over.
struct ServiceStateTests {
    private static var sample: ServiceState {
        let id = FileID(device: 5, inode: 2)
        var root = ServiceState.NodeRecord(number: 1, id: id, birthTime: nil)
        root.isDirectory = true
        root.isKnown = true
        var node = ServiceState.NodeRecord(
            number: 77, id: FileID(device: 5, inode: 77),
            birthTime: FileTime(seconds: -3, nanoseconds: 999_999_999))
        node.parent = 0
        node.name = [0xFF, 0x20, 0x41]
        node.lookups = .max
        node.listedAt = .min
        node.held = HandedOpen(descriptor: 9, flags: -1, isShared: true)
        var handle = ServiceState.HandleRecord(
            place: 1, node: 1, open: HandedOpen(descriptor: 10, flags: 2, isShared: false),
            path: "a/ä", access: 3)
        handle.isUser = true
        handle.userID = 1000
        handle.processID = -1
        handle.hasBypass = true
        handle.isNameless = true
        handle.way = .kernel(3)
        handle.kernelReads = ServiceState.KernelReadRecord(
            door: 0, open: ExpectedOpen(thread: 99, number: 4))
        var state = ServiceState(
            device: 8, minor: 45, flags: .max, maximumWrite: 1 << 20, root: id, lastNumber: 1 << 63,
            leavesAccessTime: true, nodes: [root, node], handles: [handle], generations: [4, 5])
        state.filters = [
            ServiceState.Filter(
                name: "fault", altitude: "1.5",
                settings: [.init(key: "rule", value: "a"), .init(key: "rule", value: "b")],
                state: SavedFilterState(version: 7, bytes: [1, 2, 3]))
        ]
        state.gates = HandedGates(
            group: 12,
            guardian: HandedGates.Guardian(process: 400, processDescriptor: 13, channel: 14),
            waiting: [
                HandedGates.WaitingRead(
                    event: 15, gate: 1 << 40,
                    read: KernelRead(offset: 4096, length: 8192, thread: 99))
            ])
        var gate = HandedGate(unwatched: 17, number: 1 << 40)
        gate.isClosed = true
        gate.missed = 28
        gate.expected = [ExpectedOpen(thread: 99, number: 4)]
        gate.opens = 3
        gate.passed = [HandedGate.Passed(thread: 98, runs: .max)]
        state.doors = [HandedDoor(storage: 16, gate: gate), HandedDoor(storage: 18)]
        state.port = 11
        state.mountPoint = "/mnt/x"
        return state
    }

    @Test("what is written is read again")
    func again() throws {
        let state = Self.sample
        let read = try ServiceState(state.bytes)
        #expect(read.nodes == state.nodes && read.handles == state.handles)
        #expect(read.filters == state.filters && read.generations == state.generations)
        #expect(read.gates == state.gates && read.doors == state.doors)
        #expect(read.bytes == state.bytes)
        #expect(read.descriptors == Array(8...18))
    }

    @Test("what is cut, changed, or of another version is refused")
    func refused() {
        let bytes = Self.sample.bytes
        for length in 0..<bytes.count {
            #expect(throws: ServiceState.Malformed.self) {
                try ServiceState(Array(bytes.prefix(length)))
            }
        }
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 0x41
            #expect(throws: ServiceState.Malformed.self) { try ServiceState(changed) }
        }
        var newer = bytes
        newer[8] += 1
        let fault = #expect(throws: ServiceState.Malformed.self) { try ServiceState(newer) }
        #expect(fault?.description.contains("version 6") == true)
    }

    @Test("references that lead nowhere are refused")
    func references() {
        for change: (inout ServiceState) -> Void in [
            { $0.nodes[1].parent = 2 }, { $0.handles[0].node = 2 }, { $0.handles[0].place = 2 },
            { $0.handles.append($0.handles[0]) }, { $0.nodes = [] },
            { $0.handles[0].kernelReads?.door = 2 }, { $0.gates = nil },
        ] {
            var state = Self.sample
            change(&state)
            #expect(throws: ServiceState.Malformed.self) { try ServiceState(state.bytes) }
        }
    }
}
