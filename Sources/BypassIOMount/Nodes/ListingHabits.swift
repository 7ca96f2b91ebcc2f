internal import FUSE
internal import IOStack

/// Which programs use the attributes of the entries they list.
///
/// With READDIRPLUS the kernel gets every entry's attributes at once, which spares a program that
/// uses them (ls -l, rsync) a request for each. For a program that wants only names (find, a
/// shell), the mount reads every status in vain. Programs do not announce their kind, and the
/// kernel does not ask for attributes it has. So a listing leaves out the attributes of one entry,
/// as a probe: a program that uses attributes asks for this one.
///
/// Any thread may call. The lock is a leaf.
final class ListingHabits: Sendable {
    /// After so many listings in a row whose probe the program ignored, it gets names alone.
    static let patience = 4
    /// For a program that has used attributes, one in so many listings has a probe.
    static let rarity = 8

    /// The content of a listing.
    enum Content: Equatable {
        /// Attributes of all entries, or of all but the probe.
        case attributes(withProbe: Bool)
        /// Attributes of directories only, which a program that walks a tree opens next.
        case names
    }

    /// A program, or an earlier one with the same place.
    private struct Program {
        var process: Int32 = 0
        var listings = 0
        /// Listings in a row whose probe the program ignored.
        var ignored = 0
        var hasLooked = false
        /// The last directory listed, and the entry left out there; nil means every file.
        var directory: NodeID?
        var probe: [UInt8]?
        var isWaiting = false
        var content = Content.attributes(withProbe: false)

        var wantsNames: Bool { ignored + (isWaiting ? 1 : 0) >= ListingHabits.patience }

        mutating func begin(_ directory: NodeID) {
            if isWaiting { ignored += 1 }
            listings += 1
            self.directory = directory
            probe = nil
            isWaiting = false
            if ignored >= ListingHabits.patience {
                content = .names
                isWaiting = true
                return
            }
            // Most programs list one directory and end: they get all attributes.
            let isDue = hasLooked ? listings % ListingHabits.rarity == 0 : listings > 1
            content = .attributes(withProbe: isDue)
        }
    }

    private let programs = Guarded([Program](repeating: Program(), count: 64))

    private static func place(of process: Int32) -> Int { Int(UInt32(bitPattern: process) % 64) }

    /// The content for a program that reads `directory`, from its start or further on.
    func content(for process: Int32, of directory: NodeID, fromStart: Bool) -> Content {
        guard process != 0 else { return .attributes(withProbe: false) }
        return programs.withLock { programs in
            let place = Self.place(of: process)
            if programs[place].process != process {
                programs[place] = Program()
                programs[place].process = process
            }
            guard fromStart else {
                // The first part had the probe, if there is one.
                let content = programs[place].content
                return content == .names ? .names : .attributes(withProbe: false)
            }
            programs[place].begin(directory)
            return programs[place].content
        }
    }

    /// Whether the program's next listing will be names.
    func wantsNames(_ process: Int32) -> Bool {
        programs.withLock { programs in
            let program = programs[Self.place(of: process)]
            return program.process == process && program.wantsNames
        }
    }

    /// Records the entry without attributes.
    func left(_ name: [UInt8], for process: Int32) {
        programs.withLock { programs in
            let place = Self.place(of: process)
            guard programs[place].process == process else { return }
            programs[place].probe = name
            programs[place].isWaiting = true
        }
    }

    /// A program looks up a name.
    func looked(_ process: Int32, at name: [UInt8], in directory: NodeID) {
        programs.withLock { programs in
            let place = Self.place(of: process)
            guard programs[place].process == process, programs[place].isWaiting,
                programs[place].directory == directory,
                programs[place].probe == nil || programs[place].probe == name
            else { return }
            programs[place].isWaiting = false
            programs[place].hasLooked = true
            programs[place].ignored = 0
        }
    }
}

/// The directories that the mount keeps open, so that a lookup in them needs no walk: a clock over
/// a fixed number of places. Part of the ``NodeTable``'s state.
struct DirectoryCache {
    private var places: [Node?]
    private var hand = 0

    init(capacity: Int) {
        precondition(capacity > 0)
        places = Array(repeating: nil, count: capacity)
    }

    /// Gives the node a place; returns the file that it displaces.
    mutating func insert(_ node: Node) -> HeldFile? {
        guard node.cacheSlot == nil else { return nil }
        while let occupant = places[hand], occupant.isUsed {
            occupant.isUsed = false
            hand = (hand + 1) % places.count
        }
        var evicted: HeldFile?
        if let occupant = places[hand] {
            evicted = occupant.held.take()
            occupant.cacheSlot = nil
        }
        places[hand] = node
        node.cacheSlot = hand
        hand = (hand + 1) % places.count
        return evicted
    }

    /// Removes the node, which keeps its file.
    mutating func remove(_ node: Node) {
        guard let place = node.cacheSlot else { return }
        assert(places[place] === node)
        places[place] = nil
        node.cacheSlot = nil
    }
}
