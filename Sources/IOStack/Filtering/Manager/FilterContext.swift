/// A filter's own object on a volume, instance, stream or file object. Its `deinit` is the cleanup
/// callback: it runs when the last reference is gone, after the object, the instance or the filter
/// went away.
public protocol FilterContext: AnyObject, Sendable {}
