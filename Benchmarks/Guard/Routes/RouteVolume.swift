import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage

/// A volume in memory whose storage moves no bytes, and one file on it.
struct RouteVolume {
    static let pages = 64
    static let path = FilePath("data")

    let manager = IOManager()
    let volume: Volume
    let file: FileObject

    init(
        filters count: Int = 0, _ kind: FilterKind = .preRead, isEnabled: Bool = false,
        isPartial: Bool = false
    ) throws {
        volume = manager.mount(
            MemoryFileSystem(on: MemoryDisk()), named: "memory",
            volumeDrivers: isPartial ? [RefusingVolumeDriver()] : [], storage: StillDisk())
        let made = try volume.open(Self.path, access: [.read, .write], disposition: .create)
        made.close()
        for number in 0..<count {
            let filter = try manager.filterManager.register(kind.registration(number))
            try manager.filterManager.attach(filter, to: volume)
        }
        file = try volume.open(Self.path, options: .nonCached)
        guard isEnabled else { return }
        guard try file.bypassIO(.enable).results?.status == .success else {
            throw IOFailure(.notSupported)
        }
    }

    /// Reads one page after the other.
    func readSingly(_ count: Int, into buffer: any IOBuffer) throws(IOFailure) {
        for number in 0..<count {
            let offset = UInt64(number % Self.pages * 4096)
            let length = try file.read(at: offset, length: 4096, into: buffer)
            guard length == 4096 else { throw IOFailure(.endOfFile) }
        }
    }
}
