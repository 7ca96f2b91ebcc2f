#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The identity of a thread, only for comparison.
struct ThreadIdentity: Sendable, Equatable {
    private let number: UInt

    static var current: ThreadIdentity {
        #if canImport(Glibc)
            ThreadIdentity(number: pthread_self())
        #else
            // An opaque pointer elsewhere: its address identifies the thread and is not followed.
            unsafe ThreadIdentity(number: UInt(bitPattern: pthread_self()))
        #endif
    }
}
