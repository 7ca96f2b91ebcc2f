import SystemPackage

/// Lines to standard output and standard error, whole lines in one write.
enum StandardOutput {
    static func print(_ line: String) {
        write(line + "\n", to: .standardOutput)
    }

    static func complain(_ line: String) {
        write(line + "\n", to: .standardError)
    }

    static func write(_ text: String, to descriptor: FileDescriptor) {
        // Nothing is left to tell anybody when the reader is gone.
        _ = try? descriptor.writeAll(text.utf8)
    }
}
