/// `fsutil bypassIo state /v PATH`: people who know fsutil, and their scripts, write options this
/// way.
enum FsutilSwitch {
    /// Replaces the `/v` or `/V` of `state` by `--verbose`. Alone, `/v` is a path like any other.
    static func asOption(_ arguments: [String]) -> [String] {
        guard arguments.first == "state" else { return arguments }
        let operands = arguments.indices.dropFirst().prefix { arguments[$0] != "--" }
            .filter { !arguments[$0].hasPrefix("-") }
        let others = arguments.drop { $0 != "--" }.dropFirst()
        guard operands.count + others.count > 1,
            let place = operands.first(where: { ["/v", "/V"].contains(arguments[$0]) })
        else { return arguments }
        var translated = arguments
        translated[place] = "--verbose"
        return translated
    }
}
