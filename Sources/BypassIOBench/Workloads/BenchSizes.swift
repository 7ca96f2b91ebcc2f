/// The amount of data for the workloads.
package struct BenchSizes: Sendable, Codable, Equatable {
    /// Bytes of the large file.
    package var data: UInt64
    /// Files of 4 KiB each.
    package var smallFiles: Int
    /// Entries of the large directory.
    package var entries: Int
    /// Files made and removed in a pass.
    package var created: Int

    package static let full = BenchSizes(
        data: 256 << 20, smallFiles: 10_000, entries: 100_000, created: 2_000)
    package static let quick = BenchSizes(
        data: 32 << 20, smallFiles: 500, entries: 2_000, created: 100)
}
