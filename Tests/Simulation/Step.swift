import SystemPackage

/// What a step does. Numbers name handles, names and filters by their places, so any part of a
/// history is a history.
enum Verb: String, CaseIterable {
    case open, close, read, write, truncate, truncateName, allocate, sync, size
    case create, rename, unlink, link, list, forget, moveDirectory, mode
    case control, garbage
    case attach, detach, veto, unveto, pause, resume, withdraw, restore
    case volumePause, volumeResume, suspend, endSuspension
    case kill
}

/// A call below the service that fails, returns short, or takes its time.
struct Fault: Equatable {
    enum Kind: String { case before, after, partly, short, late }

    let kind: Kind
    /// The number of the step's call below that it meets.
    let call: Int
    /// The errno; for a short read how many bytes it leaves out; for a late call the milliseconds.
    let value: Int
}

/// A step of a history: who does what.
struct Step: Equatable, CustomStringConvertible {
    let client: Int
    let verb: Verb
    let numbers: [Int]
    var fault: Fault?

    subscript(_ place: Int) -> Int { place < numbers.count ? numbers[place] : 0 }

    var description: String {
        let words = ["\(client)", verb.rawValue] + numbers.map(String.init)
        let faults = fault.map { ["!\($0.kind.rawValue):\($0.call):\($0.value)"] } ?? []
        return (words + faults).joined(separator: " ")
    }

    init(_ client: Int, _ verb: Verb, _ numbers: [Int], _ fault: Fault? = nil) {
        (self.client, self.verb, self.numbers, self.fault) = (client, verb, numbers, fault)
    }

    /// nil for a line that is no step.
    init?(_ line: some StringProtocol) {
        var words = String(line).split(separator: " ").map { String($0) }
        if let last = words.last, last.hasPrefix("!") {
            let parts: [Substring] = last.dropFirst().split(separator: ":")
            guard parts.count == 3, let kind = Fault.Kind(rawValue: String(parts[0])),
                let call = Int(parts[1]), let value = Int(parts[2])
            else { return nil }
            fault = Fault(kind: kind, call: call, value: value)
            words.removeLast()
        }
        guard words.count >= 2, let client = Int(words[0]), Cast.clients.contains(client),
            let verb = Verb(rawValue: words[1])
        else { return nil }
        let numbers = words.dropFirst(2).compactMap { Int($0) }
        guard numbers.count == words.count - 2, numbers.allSatisfy({ $0 >= 0 }) else { return nil }
        (self.client, self.verb, self.numbers) = (client, verb, numbers)
    }
}

/// All that decides a run: the steps, the seed of the world in which they are taken, and that of
/// their order.
struct History: CustomStringConvertible {
    var seed: UInt64
    var order: UInt64
    var steps: [Step]

    var description: String {
        "seed \(seed) \(order)\n" + steps.map { "\($0)\n" }.joined()
    }

    init(seed: UInt64, order: UInt64, steps: [Step]) {
        (self.seed, self.order, self.steps) = (seed, order, steps)
    }

    /// A line with the seeds, then a line for each step; `#` begins a comment.
    init?(_ text: String) {
        let all: [Substring] = text.split(separator: "\n")
        let lines = all.filter { !$0.hasPrefix("#") }
        let words: [Substring] = (lines.first ?? "").split(separator: " ")
        let seeds = words.dropFirst().compactMap { UInt64($0) }
        guard seeds.count == 2, lines[0].hasPrefix("seed ") else { return nil }
        let steps = lines.dropFirst().map { Step($0) }
        guard steps.allSatisfy({ $0 != nil }) else { return nil }
        self.init(seed: seeds[0], order: seeds[1], steps: steps.compactMap(\.self))
    }
}
