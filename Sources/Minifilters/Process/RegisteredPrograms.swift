import IOStack

/// Programs and what they want to be asked about. A value under its owner's lock.
struct RegisteredPrograms: Sendable {
    struct Program: Sendable {
        let registration: ProcessRegistration
        /// nil: it is away, and its registration holds.
        var connection: PortConnection?
        /// Questions in a row that it did not answer in time.
        var late = 0
    }

    /// Who decides about an operation.
    enum Judge: Sendable {
        case nobody
        case programs([(name: String, connection: PortConnection)])
        /// A program that is away, if any has registered yet.
        case away(String?)
    }

    /// Those that are away included.
    static let capacity = 64

    /// Operations that a program is asked about where it is away, too.
    private let isStrict: Bool
    private var programs: [Program] = []
    private var hasBegun = false

    /// - Parameter isStrict: what a program that is away would be asked is denied.
    init(isStrict: Bool) { self.isStrict = isStrict }

    var names: [(name: String, isConnected: Bool)] {
        programs.map { ($0.registration.name, $0.connection != nil) }
    }

    /// Not nobody, whatever the file.
    func mayJudge(_ operations: ProcessOperations) -> Bool {
        (isStrict && !hasBegun)
            || programs.contains { !$0.registration.operations.isDisjoint(with: operations) }
    }

    func judge(
        _ operation: ProcessOperations, _ paths: [String], _ process: Int32
    ) -> Judge {
        guard hasBegun || !isStrict else {
            // What is open already was opened before there was a filter.
            return operation.isDisjoint(with: [.read, .write]) ? .away(nil) : .nobody
        }
        var asked: [(name: String, connection: PortConnection)] = []
        for program in programs
        where program.registration.operations.contains(operation)
            && paths.contains(where: { program.registration.isFor($0) })
        {
            guard let connection = program.connection else {
                return .away(program.registration.name)
            }
            // A program that waits for itself would wait until its time is over.
            guard connection.client.process != process else { continue }
            asked.append((program.registration.name, connection))
        }
        return asked.isEmpty ? .nobody : .programs(asked)
    }

    /// The name of a program that has to see each read of the file.
    func reader(of path: String) -> String? {
        programs.first {
            $0.registration.operations.contains(.read) && $0.registration.isFor(path)
        }?.registration.name
    }

    var hasReaders: Bool {
        programs.contains { $0.registration.operations.contains(.read) }
    }

    /// False if another program has the name, or there is no room.
    mutating func add(_ registration: ProcessRegistration, _ connection: PortConnection) -> Bool {
        let isFree = programs.allSatisfy { program in
            program.registration.name != registration.name || program.connection == nil
                || program.connection === connection
        }
        guard isFree else { return false }
        programs.removeAll {
            $0.connection === connection || $0.registration.name == registration.name
        }
        guard programs.count < Self.capacity else { return false }
        programs.append(Program(registration: registration, connection: connection))
        hasBegun = true
        return true
    }

    /// What is registered, connected or not, for another process; nil where nothing has been yet,
    /// or where a registration ends with its connection.
    var saved: [ProcessRegistration]? {
        isStrict && hasBegun ? programs.map(\.registration) : nil
    }

    /// Of another process: the programs are away, and may register again.
    mutating func restore(_ saved: [ProcessRegistration]) {
        programs = saved.prefix(Self.capacity).map { Program(registration: $0, connection: nil) }
        hasBegun = true
    }

    /// It wants to be asked no more. What it had registered.
    mutating func remove(_ connection: PortConnection) -> ProcessRegistration? {
        guard let place = programs.firstIndex(where: { $0.connection === connection }) else {
            return nil
        }
        return programs.remove(at: place).registration
    }

    /// It is gone. Whether reads need not be seen for it any more.
    mutating func left(_ connection: PortConnection) -> Bool {
        guard isStrict else {
            return remove(connection)?.operations.contains(.read) == true
        }
        if let place = programs.firstIndex(where: { $0.connection === connection }) {
            programs[place].connection = nil
        }
        return false
    }

    /// Counts what it did with a question; whether it was late so often that it is to go.
    mutating func count(_ connection: PortConnection, isLate: Bool, limit: Int) -> Bool {
        guard let place = programs.firstIndex(where: { $0.connection === connection }) else {
            return false
        }
        programs[place].late = isLate ? programs[place].late + 1 : 0
        return programs[place].late == limit
    }
}
