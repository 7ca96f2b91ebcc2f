/// What one layer says when all are asked.
public struct LayerAnswer: Sendable, Equatable {
    public enum Layer: String, Sendable { case filter, fileSystem, volume, storage }

    public var layer: Layer
    public var driver: String
    /// nil when the layer lets BypassIO through.
    public var veto: BypassVeto?

    public init(layer: Layer, driver: String, veto: BypassVeto?) {
        self.layer = layer
        self.driver = driver
        self.veto = veto
    }
}
