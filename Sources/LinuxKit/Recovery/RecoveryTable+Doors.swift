internal import CKernelABI

/// Ways for the kernel's reads, and the reads that wait at their gates: each by the number of its
/// descriptor. A thread at a time for each number.
extension RecoveryTable {
    package struct DoorFlags: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let isThere = DoorFlags(rawValue: 1)
        package static let isClosed = DoorFlags(rawValue: 1 << 1)
        package static let isWatched = DoorFlags(rawValue: 1 << 2)
        package static let isHeld = DoorFlags(rawValue: 1 << 3)
    }

    package struct Door: Sendable, Hashable {
        package var flags: DoorFlags = .isThere
        /// A descriptor of the file that no gate meets; nil: there is no gate.
        package var unwatched: Int32?
        package var number: UInt64 = 0
        package var lastOpen: UInt64 = 0
        /// More opens are expected than fit, or one was missed.
        package var hasMissed = false
        /// Opens that the kernel has not reported: threads and numbers, six at most.
        package var expected: [UInt32: UInt64] = [:]

        package init() {}
    }

    package func set(_ door: Door, at number: Int32) {
        var copy = bpio_table_door()
        copy.state = door.flags.union(.isThere).rawValue
        copy.unwatched = door.unwatched ?? -1
        copy.number = door.number
        copy.last_open = door.lastOpen
        let fits = door.expected.count <= Int(BPIO_TABLE_EXPECTED)
        copy.has_missed = door.hasMissed || !fits ? 1 : 0
        unsafe withUnsafeMutableBytes(of: &copy.expected) { room in
            for (place, open) in door.expected.prefix(Int(BPIO_TABLE_EXPECTED)).enumerated() {
                unsafe room.storeBytes(of: open.key, toByteOffset: 16 * place, as: UInt32.self)
                unsafe room.storeBytes(
                    of: open.value, toByteOffset: 16 * place + 8, as: UInt64.self)
            }
        }
        unsafe bpio_table_set_door(table, number, &copy)
    }

    /// Before its descriptors are closed.
    package func removeDoor(at number: Int32) { unsafe bpio_table_remove_door(table, number) }

    package struct WaitingRead: Sendable, Hashable {
        package var thread: UInt32
        package var gate: UInt64
        package var offset: UInt64
        package var length: UInt64

        package init(thread: UInt32, gate: UInt64, offset: UInt64, length: UInt64) {
            self.thread = thread
            self.gate = gate
            self.offset = offset
            self.length = length
        }
    }

    package func set(_ read: WaitingRead, at number: Int32) {
        var copy = bpio_table_read()
        copy.state = 1
        copy.thread = read.thread
        copy.gate = read.gate
        copy.offset = read.offset
        copy.length = read.length
        unsafe bpio_table_set_read(table, number, &copy)
    }

    package func removeRead(at number: Int32) { unsafe bpio_table_remove_read(table, number) }

    // MARK: The successor

    package var doors: [Int32: Door] {
        var all: [Int32: Door] = [:]
        for number in 0..<(unsafe bpio_table_door_count(table)) {
            var copy = bpio_table_door()
            guard unsafe bpio_table_door(table, number, &copy) != 0 else { continue }
            all[Int32(number)] = Door(copy)
        }
        return all
    }

    package var waitingReads: [Int32: WaitingRead] {
        var all: [Int32: WaitingRead] = [:]
        for number in 0..<(unsafe bpio_table_door_count(table)) {
            var copy = bpio_table_read()
            guard unsafe bpio_table_read(table, number, &copy) != 0 else { continue }
            all[Int32(number)] = WaitingRead(
                thread: copy.thread, gate: copy.gate, offset: copy.offset, length: copy.length)
        }
        return all
    }
}

extension RecoveryTable.Door {
    fileprivate init(_ copy: bpio_table_door) {
        flags = RecoveryTable.DoorFlags(rawValue: copy.state)
        unwatched = copy.unwatched < 0 ? nil : copy.unwatched
        number = copy.number
        lastOpen = copy.last_open
        hasMissed = copy.has_missed != 0
        unsafe withUnsafeBytes(of: copy.expected) { room in
            for place in 0..<Int(BPIO_TABLE_EXPECTED) {
                let thread = unsafe room.load(fromByteOffset: 16 * place, as: UInt32.self)
                guard thread != 0 else { continue }
                expected[thread] = unsafe room.load(
                    fromByteOffset: 16 * place + 8, as: UInt64.self)
            }
        }
    }
}
