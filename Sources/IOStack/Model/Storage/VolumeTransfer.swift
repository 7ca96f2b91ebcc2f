/// A read or write on its way through the volume stack.
public struct VolumeTransfer: Sendable, Equatable {
    public enum Direction: Sendable, Equatable { case read, write }

    public let direction: Direction
    public let extent: StorageExtent

    public init(_ direction: Direction, _ extent: StorageExtent) {
        self.direction = direction
        self.extent = extent
    }
}
