import IOStack

/// A flag that threads of a program share: looking at it and setting it are steps of the search.
final class Flag: ScheduledContent, @unchecked Sendable {
    private var value = false
    private let identity = Interleaving.newIdentity()

    var fingerprint: Int { value ? 1 : 0 }

    var isSet: Bool {
        Interleaving.step(.load, on: identity, self)
        return value
    }

    func set(_ new: Bool) {
        Interleaving.step(.update, on: identity, self)
        value = new
    }

    /// The value without a step: for a thread's own flag, and outside the search.
    var unscheduled: Bool {
        get { value }
        set { value = newValue }
    }
}
