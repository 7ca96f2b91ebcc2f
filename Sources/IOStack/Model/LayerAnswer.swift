/// What one layer says when all are asked.
public struct LayerAnswer: Sendable, Equatable {
    public enum Layer: String, Sendable { case filter, fileSystem, volume, storage }

    public var layer: Layer
    public var driver: String
    /// Of a filter.
    public var altitude: Altitude?
    /// nil when the layer lets BypassIO through.
    public var veto: BypassVeto?

    public init(layer: Layer, driver: String, altitude: Altitude? = nil, veto: BypassVeto?) {
        self.layer = layer
        self.driver = driver
        self.altitude = altitude
        self.veto = veto
    }
}
