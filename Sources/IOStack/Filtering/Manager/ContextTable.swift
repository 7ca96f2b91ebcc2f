/// The contexts of one volume, instance or stream. A stream also keeps those of its file objects,
/// so that a detach finds them all.
///
/// Lock order: a leaf. Nothing is called while it is held, and a context that goes away is released
/// after it.
struct ContextTable: ~Copyable, Sendable {
    /// The context's owner (an instance; for volume contexts a filter). The file object, for a
    /// stream handle's context. Whether the context is the file's instead of the stream's.
    struct Key: Hashable, Sendable {
        let owner: ObjectIdentifier
        var fileObject: ObjectIdentifier?
        var isOfFile = false
    }

    private let contexts = GuardedOnDemand<[Key: any FilterContext]>()

    func get(_ key: Key) -> (any FilterContext)? {
        contexts.current?[key]
    }

    /// Returns the earlier context. With `keepIfExists` that one stays.
    func set(
        _ context: any FilterContext, for key: Key, _ operation: SetContextOperation
    ) -> (any FilterContext)? {
        contexts.withLock { contexts in
            let old = contexts?[key]
            if old == nil || operation == .replaceIfExists {
                contexts = contexts ?? [:]
                contexts?[key] = context
            }
            return old
        }
    }

    @discardableResult
    func remove(_ key: Key) -> (any FilterContext)? {
        contexts.withLockIfUsed { $0?.removeValue(forKey: key) } ?? nil
    }

    func removeAll(where isGone: @Sendable (Key) -> Bool) {
        let released = contexts.withLockIfUsed { contexts in
            let gone = contexts?.filter { isGone($0.key) } ?? [:]
            for key in gone.keys { contexts?[key] = nil }
            return gone
        }
        // The contexts' deinits run here, after the lock.
        withExtendedLifetime(released) {}
    }
}

/// The kinds of objects to which a filter can attach an object of its own (`FLT_CONTEXT_TYPE`).
///
/// Two of Windows' seven are left out. A section context belongs to a file mapping that a filter
/// makes for scanning; here the kernel makes mappings, and a filter reads through its instance. A
/// transaction context belongs to a transaction of the file system, which Linux' file systems do
/// not have.
public enum ContextKind: UInt8, Sendable, Hashable, CaseIterable {
    case volume
    case instance
    /// A file with all its streams. On Linux a file has one stream, so this context lives as long
    /// as that of ``stream``; a filter may have both.
    case file
    case stream
    /// One file object: Windows' stream handle context.
    case streamHandle
}

/// A filter's own object on a volume, instance, stream or file object. Its `deinit` is the cleanup
/// callback: it runs when the last reference is gone, after the object, the instance or the filter
/// went away.
public protocol FilterContext: AnyObject, Sendable {}

/// What `ContextTable.set(_:for:_:)` does if there is a context already
/// (`FLT_SET_CONTEXT_OPERATION`).
public enum SetContextOperation: Sendable {
    case replaceIfExists
    case keepIfExists
}
