/// A layer's answer when all layers are asked.
public struct LayerAnswer: Sendable, Equatable {
    public enum Layer: String, Sendable { case filter, fileSystem, volume, storage }

    public var layer: Layer
    public var driver: String
    /// A filter's altitude; nil for other layers.
    public var altitude: Altitude?
    /// nil if the layer lets BypassIO through.
    public var veto: BypassVeto?

    public init(layer: Layer, driver: String, altitude: Altitude? = nil, veto: BypassVeto?) {
        self.layer = layer
        self.driver = driver
        self.altitude = altitude
        self.veto = veto
    }
}
