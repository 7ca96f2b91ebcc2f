private import CCoroutines

/// The threads of a program, each a coroutine. All share the process' one thread, so a hand-over
/// takes no system call, and an execution takes a fraction of the time that it would with real
/// threads. The coroutines stay from execution to execution.
@safe
public final class Crew {
    /// The argument with which a coroutine starts.
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

    /// Each coroutine runs `work` with its number, again and again; in it, ``handOver(from:to:)``
    /// lets another run. nil: there is no memory for the coroutines.
    public init?(of count: Int, work: @escaping (Int) -> Void) {
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

    /// nil is the process' own coroutine, which begins and ends an execution. Returns when another
    /// coroutine hands back.
    public func handOver(from: Int?, to: Int?) {
        let caller = unsafe from.map { unsafe coroutines[$0] } ?? main
        let next = unsafe to.map { unsafe coroutines[$0] } ?? main
        unsafe coroutine_switch(caller, next)
    }
}
