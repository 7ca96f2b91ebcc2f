/// Which handles get bypass on a mount (`-o bypass=…`).
enum BypassOffer: String, Sendable, CaseIterable {
    /// For a handle opened for reading only, the kernel reads the file, where every layer agrees;
    /// other handles may ask.
    case auto
    /// Handles that ask for it by the control code.
    case request
    /// No handle.
    case off
}
