package import SystemPackage

// Whole files and whole directories in arrays, for callers off the data path.
extension SystemCall {
    /// pread(2) into an array, overwriting its elements. Returns the bytes read.
    package static func read(
        _ descriptor: FileDescriptor, into bytes: inout [UInt8], at offset: Int64
    ) throws(Errno) -> Int {
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        return try read(descriptor, into: &raw, at: offset)
    }

    /// pwrite(2) until everything is written: The elements of an array at `offset`.
    package static func writeAll(
        _ bytes: [UInt8], to descriptor: FileDescriptor, at offset: Int64
    ) throws(Errno) {
        var done = 0
        while done < bytes.count {
            let rest = unsafe bytes.span.bytes.extracting(done..<bytes.count)
            let count = try write(rest, to: descriptor, at: offset + Int64(done))
            // A regular file takes at least a byte or reports why not.
            guard count > 0 else { throw .ioError }
            done += count
        }
    }

    /// getdents64(2) until the end: The names in a directory, "." and ".." left out.
    package static func names(in directory: FileDescriptor) throws(Errno) -> [[UInt8]] {
        var names: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 32768)
        while true {
            let filled = try directoryRecords(of: directory, into: &buffer)
            if filled == 0 { return names }
            var records = DirectoryRecords(length: filled)
            while let record = unsafe records.next(in: buffer.span.bytes) {
                let name = Array(buffer[record.name])
                if name != [UInt8(ascii: ".")], name != Array("..".utf8) { names.append(name) }
            }
        }
    }

    /// getdents64(2) into an array. Returns the bytes filled.
    package static func directoryRecords(
        of directory: FileDescriptor, into bytes: inout [UInt8]
    ) throws(Errno) -> Int {
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        return try directoryRecords(of: directory, into: &raw)
    }

    /// getxattr(2) into an array of the right size: An extended attribute's value.
    package static func extendedAttribute(
        _ name: [UInt8], of descriptor: FileDescriptor
    ) throws(Errno) -> [UInt8] {
        try sized { (room: inout [UInt8]) throws(Errno) in
            var span = room.mutableSpan
            var raw = unsafe span.mutableBytes
            return try extendedAttribute(name, of: descriptor, into: &raw)
        }
    }

    /// listxattr(2) into an array of the right size: The names of all extended attributes.
    package static func extendedAttributeNames(
        of descriptor: FileDescriptor
    ) throws(Errno) -> [[UInt8]] {
        let list = try sized { (room: inout [UInt8]) throws(Errno) in
            var span = room.mutableSpan
            var raw = unsafe span.mutableBytes
            return try extendedAttributeNames(of: descriptor, into: &raw)
        }
        return list.split(separator: 0).map { Array($0) }
    }

    /// XATTR_SIZE_MAX and XATTR_LIST_MAX, in bytes: the kernel never returns more.
    private static let largestAttribute = 65536

    /// Asks for the size, then for the bytes. If the attribute grew in between (ERANGE), asks with
    /// room for the largest, since it may grow again and again.
    private static func sized(
        _ call: (inout [UInt8]) throws(Errno) -> Int
    ) throws(Errno) -> [UInt8] {
        var none: [UInt8] = []
        let size = try call(&none)
        if size == 0 { return [] }
        var room = [UInt8](repeating: 0, count: size)
        do {
            let count = try call(&room)
            room.removeLast(size - count)
            return room
        } catch {
            guard error == .outOfRange else { throw error }
        }
        room = [UInt8](repeating: 0, count: largestAttribute)
        let count = try call(&room)
        room.removeLast(largestAttribute - count)
        return room
    }
}
