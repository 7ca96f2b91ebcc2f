private import CCoroutines

/// The threads of a program, each a coroutine. All share the process' one thread, so handing over
/// takes no system call, and an execution a fraction of what it takes where real threads wait for
/// each other. They stay from execution to execution.
@safe
final class Crew {
    /// What a coroutine starts with.
    private final class Member {
        unowned let crew: Crew
        let number: Int

        init(_ number: Int, of crew: Crew) {
            self.number = number
            self.crew = crew
        }

        func work() -> Never {
            while true { crew.work(number) }
        }
    }

    private let main: OpaquePointer
    private var coroutines: [OpaquePointer] = unsafe []
    private var members: [Member] = []
    private let work: (Int) -> Void

    private static let stackSize = 1 << 20

    /// Each runs `work` with its number, again and again; in it ``handOver(from:to:)`` lets others
    /// go on. nil: there is no memory for them.
    init?(of count: Int, work: @escaping (Int) -> Void) {
        guard let main = unsafe coroutine_main() else { return nil }
        unsafe self.main = main
        self.work = work
        for number in 0..<count {
            let member = Member(number, of: self)
            let coroutine = unsafe coroutine_new(
                { argument in
                    guard let argument = unsafe argument else { return }
                    unsafe Unmanaged<Member>.fromOpaque(argument).takeUnretainedValue().work()
                }, Unmanaged.passUnretained(member).toOpaque(), Self.stackSize)
            guard let coroutine = unsafe coroutine else { return nil }
            members.append(member)
            unsafe coroutines.append(coroutine)
        }
    }

    /// nil: the process' own, which begins and ends an execution. Returns when somebody hands back.
    func handOver(from: Int?, to: Int?) {
        let caller = unsafe from.map { unsafe coroutines[$0] } ?? main
        let next = unsafe to.map { unsafe coroutines[$0] } ?? main
        unsafe coroutine_switch(caller, next)
    }
}
