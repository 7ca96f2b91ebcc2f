internal import CKernelABI
internal import Glibc
package import SystemPackage

/// What a service writes down for the process that takes its place if it dies, in memory that
/// outlives it (docs/restart.md).
///
/// Every change is a few stores: no system call, no allocation. A record is there whole or not at
/// all, at whatever instant the service dies: the word that makes it valid is stored last, and
/// released. The reader comes after the writer's death.
///
/// Nodes: under the caller's lock, but for ``remove(node:)``. Handles: a thread at a time for each
/// place. Everything else: any thread.
@safe
package final class RecoveryTable: @unchecked Sendable {
    /// Words of the whole table.
    package enum Word: UInt32, Sendable {
        case lastNumber, leavesAccessTime
        /// The volume was served to its end: nobody takes over.
        case isOver
        /// Something could not be written down: nobody can take over.
        case isIncomplete
        /// Another process has taken over.
        case isTaken
        /// When the service was found dead: nanoseconds of the wall clock.
        case death
        case earlyDeaths
        /// Descriptors: of /dev/fuse, of `control_tcp`, of the process that unmounts; 0 for none.
        case device, port, unmounter
        /// The gates' group and the guardian's channel: descriptors; 0 for none. The guardian's
        /// process.
        case group, channel, guardian
    }

    let table: OpaquePointer

    private init(_ table: OpaquePointer) { unsafe self.table = unsafe table }

    /// An empty table, which takes memory as it fills.
    package static func make() throws(Errno) -> RecoveryTable {
        guard let table = unsafe bpio_table_make() else { throw Errno(rawValue: errno) }
        return unsafe RecoveryTable(table)
    }

    /// The table of a process that has died.
    ///
    /// - Parameter memory: inherited; it is closed.
    /// - Throws: `EINVAL` for anything else than a table of this version.
    package convenience init(memory: Int32) throws(Errno) {
        guard let table = unsafe bpio_table_open(memory) else { throw Errno(rawValue: errno) }
        unsafe self.init(table)
    }

    deinit { unsafe bpio_table_close(table) }

    package subscript(word: Word) -> UInt64 {
        unsafe bpio_table_word(table, bpio_table_word(word.rawValue))
    }

    package func set(_ word: Word, to value: UInt64) {
        unsafe bpio_table_set_word(table, bpio_table_word(word.rawValue), value)
    }

    /// Puts bytes in the place of those that were noted before.
    package func note(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe bpio_table_note(table, start, bytes.count)
        }
    }

    /// What was noted last.
    package var noted: [UInt8] {
        var first: UInt8 = 0
        let length = unsafe bpio_table_noted(table, &first, 0)
        var bytes = [UInt8](repeating: 0, count: length)
        return unsafe bytes.withUnsafeMutableBufferPointer { room -> [UInt8] in
            guard let start = room.baseAddress,
                unsafe bpio_table_noted(table, start, room.count) == length
            else { return [] }
            return unsafe Array(room)
        }
    }

    /// A log's line without its words, for a process that cannot make one itself.
    package struct UnfinishedLine: Sendable {
        package enum Place: Sendable {
            case nowhere
            case standardError
            /// Lines are appended, and begin with the time.
            case file(String)
            /// Datagrams go to it.
            case socket(String)
        }

        package var place: Place
        package var before: String
        package var after: String

        package init(_ place: Place, before: String = "", after: String = "") {
            self.place = place
            self.before = before
            self.after = after
        }
    }

    /// Starts the process that shares this one's descriptors, and starts a successor when this one
    /// dies (recovery.h).
    ///
    /// - Parameters:
    ///   - former: of the process that this one succeeds.
    ///   - arguments: of the successor.
    ///   - variable: of its environment.
    ///   - patience: how long programs may wait for a successor, milliseconds.
    ///   - log: takes why none came.
    /// - Returns: the process, a child of this one.
    package func startKeeper(
        succeeding former: RecoveryTable?, _ arguments: [String], variable: String,
        patience: Int64, log: UnfinishedLine
    ) throws(Errno) -> Int32 {
        var texts = unsafe arguments.map { unsafe strdup($0) }
        unsafe texts.append(nil)
        let words: [String] = [variable, log.place.path, log.before, log.after]
        let lines = unsafe words.map { unsafe strdup($0) }
        defer { unsafe (texts + lines).forEach { unsafe free($0) } }
        return try SystemCall.retryingInt {
            unsafe texts.withUnsafeBufferPointer { list in
                guard let start = list.baseAddress, let variable = unsafe lines[0],
                    let path = unsafe lines[1], let before = unsafe lines[2],
                    let after = unsafe lines[3]
                else { return -Errno.noMemory.rawValue }
                var plan = unsafe bpio_keeper_plan(
                    variable: variable, patience: patience, niceness: PromptThread.niceness,
                    log: bpio_keeper_log(
                        kind: log.place.kind, path: path, before: before, after: after))
                return unsafe bpio_keeper_start(table, former?.table, start, &plan)
            }
        }
    }
}

extension RecoveryTable.UnfinishedLine.Place {
    fileprivate var kind: bpio_keeper_log_kind {
        switch self {
        case .nowhere: BPIO_KEEPER_LOG_NOWHERE
        case .standardError: BPIO_KEEPER_LOG_STANDARD_ERROR
        case .file: BPIO_KEEPER_LOG_FILE
        case .socket: BPIO_KEEPER_LOG_SOCKET
        }
    }

    fileprivate var path: String {
        switch self {
        case .nowhere, .standardError: ""
        case .file(let path), .socket(let path): path
        }
    }
}
