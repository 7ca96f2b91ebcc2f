/// Why the limits cannot be used.
struct LimitsError: Error, CustomStringConvertible {
    let description: String
}
