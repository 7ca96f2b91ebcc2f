import CPosixCalls

/// Files in which every process has bytes of its own, and a directory in which each has names of
/// its own. A process knows only its own.
///
/// `pages`: every process owns whole pages, and writes them in every way, also directly to the
/// disk.
/// `bytes`: stripes that share pages; processes write them only through the page cache and
/// mappings.
/// `log`: all processes append records with O_APPEND; none may be lost or torn.
final class SharedFiles {
    static let pageBytes = 4096
    static let stripeBytes = 1000
    static let pageStripes = 192
    static let byteStripes = 256
    static let recordBytes = 64

    private let path: String
    private let index: Int
    private let processes: Int
    private var pages: Striped
    private var bytes: Striped
    private let appender: Int32
    private var records = 0
    private var names: Set<String> = []
    private var made = 0

    /// Call before any worker starts.
    static func make(in directory: String) throws {
        try Finding.check("mkdir", unsafe call_mkdir("\(directory)/shared", 0o755))
        try Finding.check("mkdir", unsafe call_mkdir("\(directory)/shared/names", 0o755))
        let sizes = [
            "pages": pageBytes * pageStripes, "bytes": stripeBytes * byteStripes, "log": 0,
        ]
        for (name, size) in sizes {
            let path = "\(directory)/shared/\(name)"
            let file = Int32(
                try Finding.check("create \(path)", unsafe call_open(path, 0o102, 0o644)))
            try Finding.check("ftruncate \(path)", call_ftruncate(file, Int64(size)))
            try Finding.check("close \(path)", call_close(file))
        }
    }

    init(in directory: String, index: Int, processes: Int) throws {
        path = "\(directory)/shared"
        (self.index, self.processes) = (index, processes)
        pages = try Striped(
            path: "\(path)/pages", stripe: SharedFiles.pageBytes, stripes: SharedFiles.pageStripes)
        bytes = try Striped(
            path: "\(path)/bytes", stripe: SharedFiles.stripeBytes,
            stripes: SharedFiles.byteStripes)
        appender = Int32(
            try Finding.check(
                "open log", unsafe call_open("\(path)/log", 1 | call_open_flags.append, 0)))
    }

    deinit { _ = call_close(appender) }

    /// Does one operation.
    func step(_ worker: Worker) throws {
        switch worker.random.below(10) {
        case 0..<3: try write(worker)
        case 3..<6: try read(worker)
        case 6..<8: try append(worker)
        default: try changeNames(worker)
        }
    }

    private func stripe(_ file: Striped, _ worker: Worker) -> Int {
        let own = file.stripes / processes
        return index + processes * worker.random.below(own)
    }

    private func write(_ worker: Worker) throws {
        let inPages = worker.random.oneIn(2)
        let file = inPages ? pages : bytes
        let number = stripe(file, worker)
        let seed = worker.random.next()
        let way = worker.random.below(inPages ? 3 : 2)
        worker.log.add("shared \(file.name) write stripe \(number) way \(way)")
        worker.buffer.fill(seed: seed, count: file.stripe)
        if way == 0 {
            unsafe call_copy_bytes(
                file.mapping + number * file.stripe, worker.buffer.address, file.stripe)
        } else {
            let descriptor = way == 2 ? file.direct : file.cached
            let count = try Finding.check(
                "shared write",
                unsafe call_pwrite(
                    descriptor, worker.buffer.address, file.stripe, Int64(number * file.stripe)))
            guard count == file.stripe else { throw Finding("shared write: \(count) bytes") }
        }
        file.seeds[number] = seed
    }

    private func read(_ worker: Worker) throws {
        let inPages = worker.random.oneIn(2)
        let file = inPages ? pages : bytes
        let number = stripe(file, worker)
        let way = worker.random.below(inPages ? 3 : 2)
        worker.log.add("shared \(file.name) read stripe \(number) way \(way)")
        try check(file, number, way: way, worker)
    }

    private func check(_ file: Striped, _ number: Int, way: Int, _ worker: Worker) throws {
        if way == 0 {
            unsafe call_copy_bytes(
                worker.reading.address, file.mapping + number * file.stripe, file.stripe)
        } else {
            let descriptor = way == 2 ? file.direct : file.cached
            let count = try Finding.check(
                "shared read",
                unsafe call_pread(
                    descriptor, worker.reading.address, file.stripe, Int64(number * file.stripe)))
            guard count == file.stripe else { throw Finding("shared read: \(count) bytes") }
        }
        try file.compare(number, worker, "shared \(file.name) stripe \(number) way \(way)")
    }

    private func record(_ number: Int) -> [UInt8] {
        var text = "process \(index) record \(number) "
        while text.utf8.count < SharedFiles.recordBytes - 1 { text += "." }
        return Array(text.utf8) + [0x0A]
    }

    private func append(_ worker: Worker) throws {
        worker.log.add("shared log record \(records)")
        let bytes = record(records)
        let count = try Finding.check("append", unsafe call_write(appender, bytes, bytes.count))
        guard count == bytes.count else { throw Finding("append: \(count) bytes of a record") }
        records += 1
    }

    private func changeNames(_ worker: Worker) throws {
        let sorted = names.sorted()
        let name = "p\(index) \(made)"
        made += 1
        if sorted.count < 10 {
            worker.log.add("shared name \(name) comes")
            let file = try Finding.check(
                "create", unsafe call_open("\(path)/names/\(name)", 0o301, 0o644))
            _ = call_close(Int32(file))
            names.insert(name)
        } else if let old = worker.random.element(of: sorted) {
            let goes = worker.random.oneIn(2)
            worker.log.add("shared name \(old) \(goes ? "goes" : "is renamed to \(name)")")
            let from = "\(path)/names/\(old)"
            try Finding.check(
                goes ? "unlink" : "rename",
                unsafe goes ? call_unlink(from) : call_rename(from, "\(path)/names/\(name)", 0))
            names.remove(old)
            if !goes { names.insert(name) }
        }
        if worker.random.oneIn(8) { try checkNames(at: path) }
    }

    private func checkNames(at path: String) throws {
        let own = try DirectoryNames.read("\(path)/names").filter { $0.hasPrefix("p\(index) ") }
        guard own == names else {
            throw Finding(
                "shared names: not there \(names.subtracting(own)), "
                    + "not to be there \(own.subtracting(names))")
        }
    }

    /// Checks everything of this process, here and behind the mount.
    func checkAtTheEnd(_ worker: Worker, backing: String?) throws {
        worker.log.add("last check of shared files")
        for file in [pages, bytes] {
            for number in stride(from: index, to: file.stripes, by: processes) {
                try check(file, number, way: 0, worker)
                try check(file, number, way: 1, worker)
            }
            try file.unmapAndSync()
        }
        try Finding.check("fsync", call_fsync(appender))
        for place in [path] + (backing.map { ["\($0)/shared"] } ?? []) {
            try checkNames(at: place)
            try checkLog(at: place)
            for file in [pages, bytes] { try checkBehind(file, at: place, worker) }
        }
    }

    private func checkBehind(_ file: Striped, at place: String, _ worker: Worker) throws {
        let path = "\(place)/\(file.name)"
        let descriptor = Int32(try Finding.check("open \(path)", unsafe call_open(path, 0, 0)))
        defer { _ = call_close(descriptor) }
        for number in stride(from: index, to: file.stripes, by: processes) {
            let count = try Finding.check(
                "read \(path)",
                unsafe call_pread(
                    descriptor, worker.reading.address, file.stripe, Int64(number * file.stripe)))
            guard count == file.stripe else { throw Finding("read \(path): \(count) bytes") }
            try file.compare(number, worker, "\(path) stripe \(number)")
        }
    }

    /// Expects every record of this process, whole, once, and in order.
    private func checkLog(at place: String) throws {
        let path = "\(place)/log"
        let descriptor = Int32(try Finding.check("open \(path)", unsafe call_open(path, 0, 0)))
        defer { _ = call_close(descriptor) }
        var (next, offset) = (0, 0)
        var buffer = [UInt8](repeating: 0, count: SharedFiles.recordBytes * 1024)
        while true {
            let count = try Finding.check(
                "read \(path)", unsafe call_pread(descriptor, &buffer, buffer.count, Int64(offset)))
            // The other processes may still append: the next read brings the rest of an incomplete
            // record.
            let whole = count / SharedFiles.recordBytes * SharedFiles.recordBytes
            guard whole > 0 else { break }
            for start in stride(from: 0, to: whole, by: SharedFiles.recordBytes) {
                let found = Array(buffer[start..<start + SharedFiles.recordBytes])
                if found == record(next) { next += 1 }
            }
            offset += whole
        }
        guard next == records else {
            throw Finding("\(path): record \(next) of \(records) of process \(index) is missing")
        }
    }
}

/// A shared file of which this process knows its own stripes.
@safe
private final class Striped {
    let name: String
    let stripe: Int
    let stripes: Int
    let cached: Int32
    let direct: Int32
    let mapping: UnsafeMutableRawPointer
    /// The seed of each stripe's content; a stripe without a seed holds zeros.
    var seeds: [Int: UInt64] = [:]
    private let expected: AlignedBuffer

    init(path: String, stripe: Int, stripes: Int) throws {
        name = path.split(separator: "/").last.map(String.init) ?? path
        (self.stripe, self.stripes) = (stripe, stripes)
        cached = Int32(try Finding.check("open \(path)", unsafe call_open(path, 2, 0)))
        let direct = call_open_flags.direct
        self.direct = Int32(
            try Finding.check("open \(path)", unsafe call_open(path, 2 | direct, 0)))
        var address: UnsafeMutableRawPointer?
        try Finding.check(
            "mmap \(path)", unsafe call_mmap(stripe * stripes, 3, 1, cached, 0, &address))
        guard let address = unsafe address else { throw Finding("mmap \(path): no address") }
        unsafe mapping = address
        expected = try AlignedBuffer(count: stripe)
    }

    /// Compares a stripe with the bytes in the worker's buffer.
    func compare(_ number: Int, _ worker: Worker, _ what: String) throws {
        if let seed = seeds[number] {
            expected.fill(seed: seed, count: stripe)
        } else {
            expected.clear(0..<stripe)
        }
        let place = unsafe call_first_difference(
            expected.address, worker.reading.address, stripe)
        guard place < 0 else { throw Finding("\(what): differs at \(place)") }
    }

    func unmapAndSync() throws {
        try Finding.check("munmap", unsafe call_munmap(mapping, stripe * stripes))
        try Finding.check("fsync", call_fsync(cached))
        try Finding.check("close", call_close(cached))
        try Finding.check("close", call_close(direct))
    }
}
