import CPosixCalls

/// Reads a directory in the ways that programs do; the recorded facts hold on every file system.
extension ConformanceDirectory {
    private typealias Entry = DirectoryReading.Entry

    func readSome(_ directory: OpenFile, capacity: Int) {
        let what = "getdents into \(capacity) [\(directory.name)]"
        switch DirectoryReading.some(directory.descriptor, capacity: capacity) {
        case .success(let entries): note(what, "\(entries.count) entries")
        case .failure(let failure): note(what, failure.answer)
        }
    }

    /// Records the number of names, and how many of them come once.
    func countEntries(_ directory: OpenFile, capacity: Int) {
        let what = "entries by \(capacity) bytes [\(directory.name)]"
        switch DirectoryReading.all(directory.descriptor, capacity: capacity) {
        case .failure(let failure): note(what, failure.answer)
        case .success(let entries):
            note(what, "\(entries.count), different \(Set(entries.map(\.name)).count)")
        }
    }

    /// Records whether d_ino equals st_ino.
    func compareEntryInodes(_ directory: OpenFile) {
        let entries = (try? DirectoryReading.all(directory.descriptor).get()) ?? []
        for entry in entries.filter({ !$0.isDot }).sorted(by: { $0.text < $1.text }) {
            let isSame = inode(FileName(bytes: entry.name)) == entry.inode
            note("inode of entry \(entry.text)", isSame ? "as stat tells" : "not as stat tells")
        }
    }

    /// Records whether the inodes of the entries "." and ".." are those of the directory and its
    /// parent.
    func compareDotEntries(_ name: String) {
        let answer = Answer(unsafe call_open(FileName(name).bytes, 0, 0))
        let entries = (try? DirectoryReading.all(answer.descriptor).get()) ?? []
        for dot in [".", ".."] {
            let entry = entries.first { $0.name == Array(dot.utf8) }
            let isSame = entry?.inode == inode(FileName("\(name)/\(dot)"))
            note("entry \(dot) of \(name)", entry == nil ? "not there" : isSame ? "right" : "wrong")
        }
    }

    /// Uses telldir and seekdir: from each entry's place, a read continues with the entries behind
    /// it.
    func seekToEveryEntry(_ directory: OpenFile) {
        let entries = (try? DirectoryReading.all(directory.descriptor).get()) ?? []
        var wrong = 0
        for (index, entry) in entries.enumerated() {
            _ = call_lseek(directory.descriptor, entry.next, 0)
            let rest = (try? DirectoryReading.all(directory.descriptor).get()) ?? []
            if rest.map(\.name) != entries.dropFirst(index + 1).map(\.name) { wrong += 1 }
        }
        note("seeks to \(entries.count) places", wrong == 0 ? "all right" : "\(wrong) wrong")
    }

    /// Makes and removes files between two reads: each file that stays is seen once.
    func readWhileChanging(_ directory: OpenFile) {
        var seen: [Entry] = []
        var round = 0
        while let more = try? DirectoryReading.some(directory.descriptor, capacity: 1000).get(),
            !more.isEmpty, round < 5000
        {
            seen += more
            unrecorded {
                makeFile(FileName("comes \(round)"))
                if round > 0 { unlink(FileName("comes \(round - 1)")) }
            }
            round += 1
        }
        let staying = seen.filter { $0.name.starts(with: Array("stays".utf8)) }
        note(
            "names that stay",
            "seen \(staying.count), different \(Set(staying.map(\.name)).count), ends \(round < 5000)"
        )
    }

    /// Removes, like rm -r, the entries of each read before the next read.
    func removeWhileReading(_ directory: OpenFile) {
        var removed = 0
        var round = 0
        while let more = try? DirectoryReading.some(directory.descriptor, capacity: 2000).get(),
            !more.isEmpty, round < 5000
        {
            for entry in more where !entry.isDot {
                let answer = Answer(unsafe call_unlink(FileName(bytes: entry.name).bytes))
                if !answer.isError { removed += 1 }
            }
            round += 1
        }
        note("removed while reading", removed)
    }
}
