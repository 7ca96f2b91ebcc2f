import TestCoroutines

/// Draws histories from seeds. Each draws from a part of the verbs only, each verb with a weight of
/// its own, so that rare ones meet each other. It remembers roughly what is open and attached, so
/// that most steps find what they are about.
struct Generator {
    private var chance: Chance
    private var weights: [(verb: Verb, upTo: Int)] = []
    private let faultsOneIn: Int
    private let lateReadsOneIn: Int
    private var open: Set<Int> = []
    private var attached: Set<Int> = []
    private var named: Set<Int> = []
    private var last = Verb.read
    /// Handles and names are few, or many.
    private let slots: Int
    private let names: Int

    static func history(_ seed: UInt64) -> History {
        var generator = Generator(seed)
        var steps = generator.beginning()
        let count = 20 + generator.chance.below(140)
        while steps.count < count { steps.append(generator.step()) }
        return History(seed: seed, order: seed, steps: steps)
    }

    private init(_ seed: UInt64) {
        chance = Chance(seed: seed ^ 0x47_45_4E)
        faultsOneIn = chance.pick([0, 0, 4, 10, 30])
        lateReadsOneIn = chance.pick([0, 2, 4, 8])
        slots = chance.pick([2, 3, 4, World.slotCount])
        names = chance.pick([1, 2, Name.count])
        var sum = 0
        for verb in Verb.allCases where verb == .open || verb == .read || !chance.isOneIn(3) {
            sum += Self.weight(verb) * chance.pick([1, 1, 2, 6])
            weights.append((verb, sum))
        }
    }

    private static func weight(_ verb: Verb) -> Int {
        switch verb {
        case .read: 60
        case .control: 25
        case .write: 12
        case .open, .close: 8
        case .pause, .resume, .attach, .detach: 8
        case .kill, .unlink, .forget: 1
        case .moveDirectory: 2
        case .mode, .rename, .list, .garbage, .sync, .size, .truncateName: 3
        default: 5
        }
    }

    /// Something is there from the beginning: files, handles with bypass, in most histories a
    /// filter that pauses.
    private mutating func beginning() -> [Step] {
        var steps: [Step] = []
        if !chance.isOneIn(4) {
            attached.insert(0)
            steps.append(Step(client(), .attach, [0, 1]))
        }
        for slot in 0..<min(slots, 3) {
            open.insert(slot)
            let name = chance.below(min(names, 2))
            named.insert(name)
            // For reading and writing, with O_DIRECT.
            steps.append(Step(1, .create, [slot, name, 2 + 4]))
            if slot == 0 { steps.append(Step(1, .write, [slot, 0, 6000])) }
            if !chance.isOneIn(4) { steps.append(Step(1, .control, [slot, 0, 0])) }
        }
        return steps
    }

    private mutating func client() -> Int {
        Cast.clients.lowerBound + chance.below(Cast.clients.count)
    }

    private mutating func step() -> Step {
        let drawn = chance.below(weights.last?.upTo ?? 1)
        var verb = weights.first { drawn < $0.upTo }?.verb ?? .read
        // A handle that closes in the middle of a change of its file's names or attributes.
        if last == .link || last == .mode, chance.isOneIn(2) { verb = .close }
        last = verb
        let numbers = numbers(of: verb)
        remember(verb, numbers)
        if verb == .read, lateReadsOneIn > 0, chance.isOneIn(lateReadsOneIn) {
            return Step(
                client(), verb, numbers,
                Fault(kind: .late, call: 0, value: chance.pick([1, 5, 15, 40, 500, 3000])))
        }
        let hasFault = faultsOneIn > 0 && verb != .kill && chance.isOneIn(faultsOneIn)
        return Step(client(), verb, numbers, hasFault ? fault(of: verb) : nil)
    }

    private mutating func remember(_ verb: Verb, _ numbers: [Int]) {
        switch verb {
        case .create:
            named.insert(numbers[1])
            open.insert(numbers[0])
        case .open: open.insert(numbers[0])
        case .close: open.remove(numbers[0])
        case .attach: attached.insert(numbers[0])
        case .detach: attached.remove(numbers[0])
        case .rename, .link: named.insert(numbers[1])
        case .kill: (open, attached) = ([], [])
        default: break
        }
    }

    /// Mostly a member, or mostly none of the set.
    private mutating func number(
        below count: Int, in set: Set<Int>, isMember: Bool = true
    ) -> Int {
        let wanted = (0..<count).filter { set.contains($0) == isMember }
        if wanted.isEmpty || chance.isOneIn(8) { return chance.below(count) }
        return chance.pick(wanted)
    }

    private mutating func numbers(of verb: Verb) -> [Int] {
        let slot = number(below: slots, in: open)
        let name = number(below: names, in: named)
        let other = chance.below(names == 1 ? 2 : names)
        let place = number(below: World.filterCount, in: attached)
        switch verb {
        case .open, .create:
            let free = number(below: slots, in: open, isMember: false)
            // Mostly O_DIRECT, for reading and writing.
            return [free, name, chance.pick([6, 6, 6, 4, 2, 0, 1, 5, 10])]
        case .read, .write: return [slot, offset(), length()]
        case .truncate: return [slot, offset()]
        case .truncateName: return [name, offset()]
        case .allocate: return [slot, chance.below(5), offset(), length()]
        case .sync: return [slot, chance.below(2)]
        case .rename: return [name, other, chance.below(3)]
        case .unlink: return [name]
        case .link: return [name, other]
        case .list: return [chance.below(2)]
        case .control: return [slot, chance.pick([0, 0, 0, 1, 2, 3, 4, 5, 5, 6, 6, 7]), place % 2]
        case .garbage: return [slot, chance.below(256), chance.below(64), chance.below(400)]
        case .attach:
            let free = number(below: World.filterCount, in: attached, isMember: false)
            return [free, chance.pick([0, 1, 1, 1, 2, 2, 3, 4])]
        case .detach, .veto, .unveto: return [place]
        case .pause, .resume, .withdraw, .restore: return [place, slot]
        case .close, .size, .volumePause, .volumeResume, .suspend, .endSuspension: return [slot]
        case .mode: return [name, chance.below(512)]
        case .forget, .kill, .moveDirectory: return []
        }
    }

    private mutating func offset() -> Int {
        switch chance.below(4) {
        case 0: 0
        case 1: 512 * chance.below(24)
        case 2: 4096 * chance.below(3) + chance.below(3)
        default: chance.below(12288)
        }
    }

    private mutating func length() -> Int {
        switch chance.below(4) {
        case 0: chance.below(3)
        case 1: 512 * (1 + chance.below(8))
        case 2: 4096
        default: chance.below(6144)
        }
    }

    // MARK: Faults

    private mutating func fault(of verb: Verb) -> Fault {
        let call = chance.pick([0, 0, 1, 1, 2, 3, 5])
        switch chance.below(6) {
        case 0: return Fault(kind: .late, call: call, value: chance.pick([1, 15, 40, 500, 3000]))
        case 1 where verb == .read:
            return Fault(kind: .short, call: 0, value: 1 + chance.below(600))
        case 1 where verb == .write: return Fault(kind: .short, call: 0, value: 1)
        case 2 where verb == .write:
            return Fault(kind: .partly, call: 0, value: chance.pick(Self.errnos(of: verb)))
        case 3 where verb != .control && verb != .list:
            return Fault(kind: .after, call: call, value: chance.pick(Self.errnos(of: verb)))
        default: return Fault(kind: .before, call: call, value: chance.pick(Self.errnos(of: verb)))
        }
    }

    /// By the manual pages; EIO, ENOMEM, ESTALE and EINTR may come of anything.
    private static func errnos(of verb: Verb) -> [Int] {
        let own: [Int] =
            switch verb {
            // EACCES, EBUSY, ENODEV, ENFILE, EMFILE, ENOSPC, EROFS, ELOOP, ENXIO, EDQUOT
            case .open, .create: [13, 16, 19, 23, 24, 28, 30, 40, 6, 122]
            case .read: [11, 95]
            // EFBIG, ENOSPC, EDQUOT, EPERM, EROFS
            case .write, .truncate, .truncateName, .allocate: [27, 28, 122, 1, 30]
            case .sync: [28, 122, 30]
            // EPERM, EACCES, EBUSY, EXDEV, ENOSPC, EROFS, EMLINK, EDQUOT
            case .rename, .unlink, .link, .moveDirectory, .mode: [1, 13, 16, 18, 28, 30, 31, 122]
            default: [13]
            }
        return own + [5, 12, 116, 4]
    }
}
