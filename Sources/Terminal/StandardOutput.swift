package import SystemPackage

/// Lines to standard output and standard error, whole lines in one write.
package enum StandardOutput {
    package static func print(_ line: String) {
        write(line + "\n", to: .standardOutput)
    }

    package static func complain(_ line: String) {
        write(line + "\n", to: .standardError)
    }

    package static func write(_ text: String, to descriptor: FileDescriptor) {
        // An error means that the reader is gone, so it cannot be reported.
        _ = try? descriptor.writeAll(text.utf8)
    }
}
