import CAllocationCounter
import Testing

@inline(never)
private func opaque<T>(_ value: T) -> T { value }

private final class Counted {
    var next: Counted?
}

// A public place, so that no optimiser can remove an object stored here.
nonisolated(unsafe) private var published: Counted?

@inline(never)
private func publish(_ object: Counted?) {
    unsafe published = object
}

/// Keeps a new reference in place of the previous one.
@inline(never)
private func link(_ holder: Counted, to object: Counted) {
    holder.next = object
}

/// Shows that the counters count: only then does a count of zero mean anything.
@Suite(
    "The allocation counter",
    .enabled(
        if: bpio_counting_available(),
        "a sanitizer or another C library owns the allocator, so nothing can be counted"))
struct AllocationCounterTests {
    @Test("counts an allocation and its end")
    func countsAllocations() {
        var counts = bpio_counts()
        bpio_count_begin()
        for _ in 0..<10 { publish(Counted()) }
        publish(nil)
        unsafe bpio_count_end(&counts)
        #expect(counts.allocations == 10)
        #expect(counts.frees == 10)
        #expect(counts.allocations_all_threads >= 10)
    }

    @Test("counts an allocation with an alignment")
    func countsAlignedAllocations() {
        var counts = bpio_counts()
        bpio_count_begin()
        let block = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 4096)
        let isAligned = unsafe UInt(bitPattern: opaque(block)) % 4096 == 0
        unsafe block.deallocate()
        unsafe bpio_count_end(&counts)
        #expect(isAligned)
        #expect(counts.allocations == 1)
        #expect(counts.frees == 1)
    }

    @Test(
        "counts retains and releases",
        .enabled(
            if: bpio_reference_counting_available(), "the Swift runtime is linked into the program")
    )
    func countsReferences() {
        let object = Counted()
        let holder = Counted()
        var counts = bpio_counts()
        bpio_count_begin()
        for _ in 0..<100 { link(holder, to: object) }
        unsafe bpio_count_end(&counts)
        #expect(counts.retains >= 100)
        #expect(counts.releases >= 100)
        #expect(counts.allocations == 0)
    }

    @Test("counts nothing where nothing happens")
    func countsNothing() {
        var counts = bpio_counts()
        var sum = 0
        bpio_count_begin()
        for number in 0..<1000 { sum &+= opaque(number) }
        unsafe bpio_count_end(&counts)
        #expect(sum == 499_500)
        #expect(counts.allocations == 0)
        #expect(counts.retains == 0)
    }
}
