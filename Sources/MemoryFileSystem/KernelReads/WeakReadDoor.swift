/// A weak reference to a door.
struct WeakReadDoor: Sendable {
    private(set) weak var door: MemoryReadDoor?

    init(door: MemoryReadDoor) {
        self.door = door
    }
}
