internal import IOStack

/// The present route of an open handle's reads, for people.
enum HandleRoute: String, Sendable, CaseIterable {
    /// Through the filters.
    case traditional
    /// The service reads past the filters.
    case serviceBypass = "service bypass"
    /// The kernel reads the file itself.
    case kernelBypass = "kernel bypass"
    /// The kernel reads the file itself, but asks the filters before each read.
    case gated
}

extension OpenHandle {
    /// The route, and the reason why no faster route is in use.
    var route: (HandleRoute, because: String?) {
        if decision?.opener != nil {
            guard let cause = file.kernelReadCause else { return (.kernelBypass, nil) }
            return (.gated, cause.description)
        }
        let refusal = decision?.refusal.map { "the kernel does not read it: \($0)" }
        guard file.isBypassEnabled else { return (.traditional, refusal) }
        if let cause = file.traditionalCause { return (.traditional, cause.description) }
        return (.serviceBypass, refusal)
    }
}
