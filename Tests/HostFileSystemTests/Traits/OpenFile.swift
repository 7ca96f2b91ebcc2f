import SystemPackage

@testable import HostFileSystem

/// A descriptor that the closures of `#expect` can share, closed with its last user.
final class OpenFile: Sendable {
    private let owner: OwnedDescriptor
    var descriptor: FileDescriptor { owner.descriptor }

    init(_ owner: consuming OwnedDescriptor) {
        self.owner = owner
    }
}
