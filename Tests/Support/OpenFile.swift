package import LinuxKit
package import SystemPackage

/// A descriptor that the closures of `#expect` can share; the last reference closes it.
package final class OpenFile: Sendable {
    private let owner: OwnedDescriptor
    package var descriptor: FileDescriptor { owner.descriptor }

    package init(_ owner: consuming OwnedDescriptor) {
        self.owner = owner
    }
}
