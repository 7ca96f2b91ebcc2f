internal import BypassIOProtocol
internal import IOStack

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
