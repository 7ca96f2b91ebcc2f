/// placeholder
enum MountCount {
    static func measure() -> Measurement { Measurement() }
}
