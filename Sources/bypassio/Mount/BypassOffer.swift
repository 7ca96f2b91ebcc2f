/// Who gets bypass on a mount (`-o bypass=…`).
enum BypassOffer: String, Sendable, CaseIterable {
    /// Whoever opens a file for reading alone has the kernel read it, where every layer agrees; and
    /// whoever asks.
    case auto
    /// Handles that ask for it by the control code.
    case request
    /// Nobody.
    case off
}
