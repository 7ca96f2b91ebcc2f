import CPosixCalls

/// Reading and writing.
extension Worker {
    func write() throws {
        guard let (file, handle) = handle(.cached) else { return }
        let count = min(length(), ModelFile.mostBytes / 2)
        let offset = random.below(min(file.size + 20_000, ModelFile.mostBytes - count))
        try write(file, handle, count: count, at: offset)
    }

    /// Writes whole blocks; 512 bytes are the smallest block of any disk.
    func writeDirect() throws {
        guard let (file, handle) = handle(.direct) else { return }
        let unit = random.oneIn(4) ? 512 : 4096
        let count = unit * (1 + random.below(random.oneIn(8) ? 40 : 4))
        let places = min(file.size + 16_384, ModelFile.mostBytes - count) / unit
        try write(file, handle, count: count, at: random.below(places) * unit)
    }

    private func write(_ file: ModelFile, _ handle: OpenHandle, count: Int, at offset: Int) throws {
        log.add("\(handle.kind) write f\(file.number) \(offset)+\(count) of \(file.size)")
        buffer.fill(seed: random.next(), count: count)
        let written = try Finding.check(
            "write", unsafe call_pwrite(handle.descriptor, buffer.address, count, Int64(offset)))
        guard written == count else { throw Finding("write: \(written) of \(count) bytes") }
        unsafe file.write(buffer.address, count: count, at: offset)
    }

    func append() throws {
        guard let (file, handle) = handle(.appending) else { return }
        let count = min(length(), ModelFile.mostBytes - file.size)
        guard count > 0 else { return }
        log.add("append f\(file.number) \(count) to \(file.size)")
        buffer.fill(seed: random.next(), count: count)
        let written = try Finding.check(
            "append", unsafe call_write(handle.descriptor, buffer.address, count))
        guard written == count else { throw Finding("append: \(written) of \(count) bytes") }
        unsafe file.write(buffer.address, count: count, at: file.size)
    }

    func read() throws {
        guard let (file, handle) = handle(.cached, .reading) else { return }
        let count = length()
        let offset = random.below(file.size + 5000)
        try check(file, handle.descriptor, "read", count: count, at: offset)
    }

    func readDirect() throws {
        guard let (file, handle) = handle(.direct) else { return }
        let unit = random.oneIn(4) ? 512 : 4096
        let count = unit * (1 + random.below(random.oneIn(8) ? 40 : 8))
        let offset = random.below(file.size / unit + 2) * unit
        try changeBypass(of: file, handle.descriptor)
        try check(file, handle.descriptor, "direct read", count: count, at: offset)
    }

    /// Reads, and compares with the model.
    func check(
        _ file: ModelFile, _ descriptor: Int32, _ what: String, count: Int, at offset: Int
    ) throws {
        log.add("\(what) f\(file.number) \(offset)+\(count) of \(file.size)")
        let got = try Finding.check(
            what, unsafe call_pread(descriptor, reading.address, count, Int64(offset)))
        let expected = max(0, min(count, file.size - offset))
        guard got == expected else {
            throw Finding("\(what) f\(file.number) at \(offset): \(got) bytes, not \(expected)")
        }
        let place = unsafe file.firstDifference(from: reading.address, count: got, at: offset)
        if let place { throw difference(what, file, at: place, from: offset) }
    }

    func difference(_ what: String, _ file: ModelFile, at place: Int, from offset: Int) -> Finding {
        let window = 16
        let expected = file.copy(place..<place + window)
        let found = (0..<expected.count).map { index in
            unsafe reading.address.load(fromByteOffset: place - offset + index, as: UInt8.self)
        }
        return Finding(
            "\(what) f\(file.number): differs at \(place) of \(file.size): "
                + "\(found), not \(expected)")
    }

    func truncate() throws {
        guard let file = file() else { return }
        let size =
            switch random.below(4) {
            case 0: 0
            case 1: random.below(file.size + 1)
            default: random.below(min(file.size + 30_000, ModelFile.mostBytes))
            }
        let handle = file.handles.first { $0.kind != .reading }
        if let handle, random.oneIn(2) || file.names.isEmpty {
            log.add("ftruncate f\(file.number) \(file.size) to \(size)")
            try Finding.check("ftruncate", call_ftruncate(handle.descriptor, Int64(size)))
        } else if let name = random.element(of: file.names) {
            log.add("truncate f\(file.number) \(name.path) \(file.size) to \(size)")
            try Finding.check("truncate", unsafe call_truncate(name.path, Int64(size)))
        } else {
            return
        }
        file.resize(to: size)
    }

    /// FALLOC_FL_KEEP_SIZE is 1, PUNCH_HOLE 2, ZERO_RANGE 16.
    func allocate() throws {
        guard let (file, handle) = handle(.cached, .direct) else { return }
        let count = min(length(), ModelFile.mostBytes / 2)
        let offset = random.below(min(file.size + 10_000, ModelFile.mostBytes - count))
        let mode = random.element(of: [0, 1, 3, 3, 16, 17]) ?? 0
        log.add("fallocate \(mode) f\(file.number) \(offset)+\(count) of \(file.size)")
        try Finding.check(
            "fallocate",
            call_fallocate(handle.descriptor, Int32(mode), Int64(offset), Int64(count)))
        if mode & 1 == 0, offset + count > file.size { file.resize(to: offset + count) }
        if mode & 0x12 != 0 { file.zero(offset..<offset + count) }
    }

    func copyRange() throws {
        guard let (from, source) = handle(.cached, .reading), let (to, target) = handle(.cached)
        else { return }
        let count = min(length(), ModelFile.mostBytes / 2)
        let offset = random.below(from.size + 1)
        let place = random.below(min(to.size + 10_000, ModelFile.mostBytes - count))
        // The kernel refuses overlapping ranges of one file.
        if from === to, offset < place + count, place < offset + count { return }
        log.add("copy f\(from.number) \(offset)+\(count) to f\(to.number) \(place)")
        let copied = try Finding.check(
            "copy_file_range",
            call_copy_file_range(
                source.descriptor, Int64(offset), target.descriptor, Int64(place), count, 0))
        let expected = min(count, from.size - offset)
        // The call may copy less, but not nothing.
        guard copied <= expected, copied > 0 || expected == 0 else {
            throw Finding("copy_file_range: \(copied) bytes, not \(expected)")
        }
        let bytes = from.copy(offset..<offset + copied)
        unsafe bytes.withUnsafeBytes { all in
            if let start = all.baseAddress {
                unsafe to.write(start, count: copied, at: place)
            }
        }
    }

    func sync() throws {
        guard let (file, handle) = handle(.cached, .direct, .appending, .reading) else { return }
        log.add("fsync f\(file.number)")
        try Finding.check(
            "fsync",
            random.oneIn(3) ? call_fdatasync(handle.descriptor) : call_fsync(handle.descriptor))
    }
}
