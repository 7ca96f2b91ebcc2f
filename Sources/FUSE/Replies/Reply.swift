public import SystemPackage

/// The right to answer one request, once; dropped, it answers `EIO`.
public protocol Reply: ~Copyable {
    consuming func fail(_ error: Errno)
}
