/// The route of an open handle's reads on a mount, by the word that reports and people use.
public enum HandleRoute: String, Codable, CodingKeyRepresentable, Sendable, CaseIterable {
    /// Through the filters.
    case traditional
    /// The service reads past the filters.
    case serviceBypass = "service bypass"
    /// The kernel reads the file itself.
    case kernelBypass = "kernel bypass"
    /// The kernel reads the file itself, but asks the filters before each read.
    case gated

    /// No filter sees the reads.
    public var bypassesFilters: Bool { self == .serviceBypass || self == .kernelBypass }
    /// The kernel carries the reads; the service sees their bytes never.
    public var isReadByKernel: Bool { self == .kernelBypass || self == .gated }
}

extension HandleRoute: CustomStringConvertible {
    public var description: String { rawValue }
}
