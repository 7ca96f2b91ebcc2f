/// A note of a door that does not keep it.
struct WeakReadDoor: Sendable {
    private(set) weak var door: MemoryReadDoor?

    init(door: MemoryReadDoor) {
        self.door = door
    }
}
