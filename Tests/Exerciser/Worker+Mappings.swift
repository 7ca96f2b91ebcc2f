import CPosixCalls

/// Mapped files.
extension Worker {
    func map() throws {
        guard let (file, handle) = handle(.cached, .reading, .direct), file.mappings.count < 3,
            file.size > 0
        else { return }
        let canWrite = handle.kind != .reading
        let offset = random.below(file.size / 4096 + 1) * 4096
        let length = 1 + random.below(random.oneIn(3) ? 128 * 1024 : 16 * 1024)
        log.add("map f\(file.number) \(offset)+\(length) of \(file.size)")
        var address: UnsafeMutableRawPointer?
        try Finding.check(
            "mmap",
            unsafe call_mmap(
                length, canWrite ? 3 : 1, 1, handle.descriptor, Int64(offset), &address))
        guard let address = unsafe address else { throw Finding("mmap: no address") }
        file.mappings.append(
            unsafe FileMapping(
                address: address, offset: offset, length: length, canWrite: canWrite))
    }

    private func mapping(writable: Bool) -> (ModelFile, FileMapping)? {
        let all = files.flatMap { file in
            file.mappings.filter { $0.canWrite || !writable }.map { (file, $0) }
        }
        return random.element(of: all)
    }

    /// A range of the mapping that lies within the file; nil if there is none now.
    private func range(in file: ModelFile, _ mapping: FileMapping) -> Range<Int>? {
        let most = min(mapping.length, file.size - mapping.offset)
        guard most > 0 else { return nil }
        let start = random.below(most)
        return start..<start + 1 + random.below(min(most - start, 20_000))
    }

    func storeMapped() throws {
        guard let (file, mapping) = mapping(writable: true),
            let range = range(in: file, mapping)
        else { return }
        let offset = mapping.offset + range.lowerBound
        log.add("store f\(file.number) \(offset)+\(range.count) of \(file.size)")
        buffer.fill(seed: random.next(), count: range.count)
        unsafe call_copy_bytes(mapping.address + range.lowerBound, buffer.address, range.count)
        unsafe file.write(buffer.address, count: range.count, at: offset)
    }

    func loadMapped() throws {
        guard let (file, mapping) = mapping(writable: false),
            let range = range(in: file, mapping)
        else { return }
        let offset = mapping.offset + range.lowerBound
        log.add("load f\(file.number) \(offset)+\(range.count) of \(file.size)")
        unsafe call_copy_bytes(reading.address, mapping.address + range.lowerBound, range.count)
        let place = unsafe file.firstDifference(
            from: reading.address, count: range.count, at: offset)
        if let place { throw difference("load", file, at: place, from: offset) }
    }

    func syncMapped() throws {
        guard let (file, mapping) = mapping(writable: true) else { return }
        let flags: Int32 = random.oneIn(3) ? 1 : 4
        log.add("msync \(flags) f\(file.number)")
        try Finding.check("msync", unsafe call_msync(mapping.address, mapping.length, flags))
    }

    func unmapOne() throws {
        guard let (file, mapping) = mapping(writable: false) else { return }
        log.add("unmap f\(file.number) \(mapping.offset)+\(mapping.length)")
        try unmap(mapping, of: file)
    }

    func unmap(_ mapping: FileMapping, of file: ModelFile) throws {
        try Finding.check("munmap", unsafe call_munmap(mapping.address, mapping.length))
        file.mappings.removeAll { $0 === mapping }
        forgetIfGone(file)
    }
}
