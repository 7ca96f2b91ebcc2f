public import IOStack

/// With ``ProcessFilter/Away/deny`` registrations outlive a restart of the service, and its death
/// where another takes over, as they outlive their connections: what was open before is denied,
/// too, until the programs register again.
extension ProcessFilter: StatefulFilter {
    public var stateVersion: UInt32 { 1 }

    public func savedState() -> [UInt8] {
        var state = StateWriter()
        state.optional(savedPrograms) { state, programs in
            state.list(programs) { state, program in
                state.text(program.name)
                state.byte(program.operations.rawValue)
                state.list(program.paths) { $0.text($1) }
            }
        }
        return state.bytes
    }

    public func restore(_ state: [UInt8]) throws {
        var reader = StateReader(state)
        let saved = try reader.optional { (reader) throws(StateReader.Malformed) in
            try reader.list { (reader) throws(StateReader.Malformed) in
                let name = try reader.string()
                let operations = ProcessOperations(rawValue: try reader.byte())
                let paths = try reader.list { (reader) throws(StateReader.Malformed) in
                    try reader.string()
                }
                do {
                    return try ProcessRegistration(
                        version: ProcessRegistration.version, name: name,
                        operations: operations.names, paths: paths)
                } catch {
                    throw StateReader.Malformed()
                }
            }
        }
        guard reader.isAtEnd else { throw StateReader.Malformed() }
        if let saved { restorePrograms(saved) }
    }
}
