import Testing

@testable import FUSE

/// The users whose requests may wait on a thread, computed without threads.
@Suite("Shares of threads")
struct WorkerShareTests {
    private let shares = WorkerShares(threads: 16, limit: 256)

    private func claims(
        _ count: Int, user: UInt32 = 1000, place: (Int) -> UInt64 = { UInt64($0) + 10 }
    ) -> [WorkerClaim] {
        (0..<count).map { WorkerClaim(user: user, place: place($0), isControl: false) }
    }

    private func claim(
        _ user: UInt32 = 1000, place: UInt64 = 5, isControl: Bool = false
    ) -> WorkerClaim {
        WorkerClaim(user: user, place: place, isControl: isControl)
    }

    @Test("threads that wait are replaced up to the limit")
    func allowed() {
        #expect(shares.allowed(waiting: 0) == 16)
        #expect(shares.allowed(waiting: 16) == 32)
        #expect(shares.allowed(waiting: 1000) == 256)
        let fixed = WorkerShares(threads: 4, limit: 1)
        #expect(fixed.allowed(waiting: 4) == 4)
        #expect(fixed.admits(claim(), beside: claims(4)))
    }

    @Test("a user's requests take a quarter of the further threads, and root's more")
    func user() {
        #expect(shares.admits(claim(), beside: claims(shares.perUser - 1)))
        #expect(!shares.admits(claim(), beside: claims(shares.perUser)))
        #expect(shares.admits(claim(1001), beside: claims(shares.perUser)))
        #expect(shares.admits(claim(0), beside: claims(shares.perUser, user: 0)))
    }

    @Test("a file's requests take an eighth, but for controls")
    func file() {
        let waiting = claims(shares.perFile) { _ in 5 }
        #expect(!shares.admits(claim(1001), beside: waiting))
        #expect(shares.admits(claim(1001, isControl: true), beside: waiting))
        #expect(shares.admits(claim(1001, place: 6), beside: waiting))
    }

    @Test("the last threads are for others, and for controls and reports of other files")
    func reserve() {
        let waiting = claims(240, user: 0)
        #expect(!shares.admits(claim(0), beside: waiting))
        #expect(shares.admits(claim(1001), beside: waiting))
        #expect(shares.admits(claim(0, isControl: true), beside: waiting))
        #expect(!shares.admits(claim(0, place: 10, isControl: true), beside: waiting))
        let all = claims(255, user: 0)
        #expect(!shares.admits(claim(1001), beside: all))
        #expect(!shares.admits(claim(0, isControl: true), beside: all))
    }

    @Test("a name and its directory are different places")
    func places() {
        let lookup = WorkerClaim(Opcode.lookup.traits, user: 0, node: 1)
        #expect(lookup.place != WorkerClaim(Opcode.getAttributes.traits, user: 0, node: 1).place)
        let read = WorkerClaim(Opcode.read.traits, user: 7, node: 9)
        #expect(read.user == 7 && read.place == 9 && !read.isControl)
        #expect(WorkerClaim(Opcode.control.traits, user: 7, node: 9).isControl)
        #expect(WorkerClaim(Opcode.getExtendedAttribute.traits, user: 7, node: 9).isControl)
    }

    @Test("a thread waits that gets nothing done between two looks, or says so")
    func post() {
        let post = WorkerPost()
        post.look()
        post.look()
        #expect(!post.isWaiting)
        post.turn()
        post.look()
        #expect(!post.isWaiting)
        post.look()
        #expect(post.isWaiting)
        post.advance()
        #expect(!post.isWaiting)
        post.willWait()
        #expect(post.isWaiting)
        post.turn()
        #expect(!post.isWaiting)
        post.look()
        post.look()
        #expect(!post.isWaiting)
    }
}
