/// The names that histories use: three in the root, two in a directory there, `d` or `e`.
struct Name: Hashable {
    let place: Int

    init(_ place: Int) { self.place = place % Self.count }

    static let count = 5
    static let all = (0..<count).map { Name($0) }

    var isInner: Bool { place >= 3 }
    var text: String { ["a", "b", "c", "a", "b"][place] }
    func path(in directory: String) -> String { isInner ? "\(directory)/\(text)" : text }
}

/// A file that histories know of.
final class FileRecord {
    let inode: UInt64
    var bytes: FileModel
    var links = 0
    /// Handles that are open, also those whose RELEASE still waits for a request.
    var handles: [Handle] = []
    /// Its number for the kernel, in this life of the service; nil: forgotten, or never looked up.
    var node: UInt64?
    /// The step that last began to change its mode.
    var lastModeChange = 0
    /// Requests under way with it: the kernel does not forget it meanwhile.
    var pins = 0
    private(set) var routes = StreamRoutes()

    func resetRoutes() { routes = StreamRoutes() }

    init(inode: UInt64, zero: UInt8) {
        self.inode = inode
        bytes = FileModel(zero: zero)
    }
}

/// An open file of a program.
final class Handle {
    let number: UInt64
    let file: FileRecord
    let flags: UInt32
    /// Requests under way through it: the kernel sends RELEASE after the last.
    var users = 0
    var isClosed = false
    var isReleased = false
    /// No ENABLE has begun since the open, or since a DISABLE returned beside none.
    var isDisabled = true
    var enablesUnderWay = 0
    /// When an ENABLE last began or ended, by the world's counter of events.
    var lastEnable = 0
    /// As far as the model knows.
    var hasBypass = false

    init(_ number: UInt64, _ file: FileRecord, _ flags: UInt32) {
        (self.number, self.file, self.flags) = (number, file, flags)
    }

    var mayRead: Bool { flags & 3 != 1 }
    var mayWrite: Bool { flags & 3 != 0 }
    var isDirect: Bool { flags & Body.direct != 0 }
}

/// What the model knows of a file's routes. Steps that overlap make it outdated, until the next
/// rest (``World/areRoutesKnown``).
final class StreamRoutes {
    /// STREAM_PAUSE is in force.
    var isPaused = false
    /// A resume was refused, and is asked again when a filter goes.
    var isResumeRefused = false
    /// The file system suspended it.
    var isSuspended = false
    /// That has returned, and its end has not begun.
    var suspensionHasReturned = false
    /// By the world's counter of events: the end of the last pause, the beginning of the last
    /// resume that nobody refused, and of the last that was refused.
    var lastPause = 0
    var lastResume = 0
    var lastRefusal = 0
}

/// The same of the volume.
struct VolumeRoutes {
    var isPaused = false
    /// The drivers refused the ENABLE.
    var isRefused = false
    /// A pause by a driver that vetoes has returned, and its end has not begun.
    var pauseHasReturned = false
}
