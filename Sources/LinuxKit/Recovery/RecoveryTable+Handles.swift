internal import CKernelABI

extension RecoveryTable {
    /// What a handle is and may do; the lowest bit says that it is there.
    package struct HandleFlags: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let isThere = HandleFlags(rawValue: 1)
        package static let isShared = HandleFlags(rawValue: 1 << 1)
        package static let isNonCached = HandleFlags(rawValue: 1 << 2)
        package static let isUser = HandleFlags(rawValue: 1 << 3)
        package static let isAdministrator = HandleFlags(rawValue: 1 << 4)
        package static let needsWriteBack = HandleFlags(rawValue: 1 << 5)
        package static let mayTakeTwo = HandleFlags(rawValue: 1 << 6)
        package static let usesCache = HandleFlags(rawValue: 1 << 7)
        package static let writesDirectly = HandleFlags(rawValue: 1 << 8)
        /// The mount decided about kernel reads for it, and granted none.
        package static let isDecided = HandleFlags(rawValue: 1 << 9)
        /// Nobody can take it over.
        package static let isLost = HandleFlags(rawValue: 1 << 10)
        package static let isNameless = HandleFlags(rawValue: 1 << 11)
    }

    /// What changes while a handle is open.
    package struct HandleState: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let hasBypass = HandleState(rawValue: 1)
        package static let isPaused = HandleState(rawValue: 1 << 1)
        package static let isMapped = HandleState(rawValue: 1 << 2)
    }

    /// An open file or directory.
    package struct Handle: Sendable, Hashable {
        package var flags: HandleFlags
        package var generation: UInt32
        package var node: NodePlace
        package var descriptor: Int32
        package var openFlags: Int32
        package var userID: UInt32
        package var groupID: UInt32
        package var processID: Int32
        package var access: UInt8
        package var state: HandleState
        /// The request that opened it.
        package var opener: UInt64
        /// Of the file that the kernel reads itself, or has open past its cache; 0 for none.
        package var backing: Int32 = 0
        /// The door's descriptor, and the open; nil where the kernel does not read for the handle.
        package var door: Int32?
        package var open: UInt64 = 0

        package init(
            flags: HandleFlags, generation: UInt32, node: NodePlace, descriptor: Int32,
            openFlags: Int32, userID: UInt32, groupID: UInt32, processID: Int32, access: UInt8,
            state: HandleState = [], opener: UInt64 = 0
        ) {
            self.flags = flags
            self.generation = generation
            self.node = node
            self.descriptor = descriptor
            self.openFlags = openFlags
            self.userID = userID
            self.groupID = groupID
            self.processID = processID
            self.access = access
            self.state = state
            self.opener = opener
        }

        fileprivate init(_ copy: bpio_table_handle) {
            self.init(
                flags: HandleFlags(rawValue: copy.state), generation: copy.generation,
                node: NodePlace(copy.node), descriptor: copy.descriptor,
                openFlags: copy.open_flags, userID: copy.user, groupID: copy.group,
                processID: copy.process, access: UInt8(truncatingIfNeeded: copy.access),
                state: HandleState(rawValue: copy.changing), opener: copy.unique)
            backing = copy.backing
            door = copy.door == 0 ? nil : Int32(truncatingIfNeeded: copy.door - 1)
            open = copy.open
        }
    }

    /// Writes down who has a place. Before the kernel learns of it.
    package func set(_ handle: Handle, at place: Int) {
        var copy = bpio_table_handle()
        copy.state = handle.flags.union(.isThere).rawValue
        copy.generation = handle.generation
        copy.node = handle.node.rawValue
        copy.descriptor = handle.descriptor
        copy.open_flags = handle.openFlags
        copy.user = handle.userID
        copy.group = handle.groupID
        copy.process = handle.processID
        copy.access = UInt32(handle.access)
        copy.changing = handle.state.rawValue
        copy.unique = handle.opener
        copy.backing = handle.backing
        copy.door = handle.door.map { UInt32(bitPattern: $0) + 1 } ?? 0
        copy.open = handle.open
        unsafe bpio_table_set_handle(table, UInt32(clamping: place), &copy)
    }

    package func set(_ state: HandleState, at place: Int) {
        unsafe bpio_table_change_handle(table, UInt32(clamping: place), state.rawValue)
    }

    /// Before its descriptor is closed.
    ///
    /// - Parameter generation: how often the place was used, with the next use.
    package func removeHandle(at place: Int, generation: UInt32) {
        unsafe bpio_table_remove_handle(table, UInt32(clamping: place), generation)
    }

    // MARK: The successor

    package var handlePlaces: Range<Int> { 0..<Int(unsafe bpio_table_handle_count(table)) }

    /// A place without ``HandleFlags/isThere`` has its generation alone.
    package func handle(at place: Int) -> Handle? {
        var copy = bpio_table_handle()
        guard unsafe bpio_table_handle(table, UInt32(clamping: place), &copy) != 0 else {
            return nil
        }
        return Handle(copy)
    }
}
