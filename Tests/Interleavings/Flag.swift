import IOStack

/// What threads of a program tell each other: looking at it and setting it are steps of the search.
final class Flag: @unchecked Sendable {
    private var value = false

    private var identity: UInt { UInt(bitPattern: ObjectIdentifier(self)) }

    var isSet: Bool {
        Interleaving.step(.load, on: identity)
        return value
    }

    func set(_ new: Bool) {
        Interleaving.step(.update, on: identity)
        value = new
    }

    /// For a thread's own flag, and outside of the search.
    var unscheduled: Bool {
        get { value }
        set { value = newValue }
    }
}
