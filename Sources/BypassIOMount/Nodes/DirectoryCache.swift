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
