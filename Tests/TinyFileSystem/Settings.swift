import FUSE
import FUSERing

/// The command line: a mount point, and `--NAME VALUE` for each setting.
struct Settings {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    var mountPoint = ""
    var options = MountOptions()
    var maximumThreads = 16
    var threadLimit = 256
    var maximumTransfer = 1 << 20
    var transport = Transport.automatic
    /// A file of the host with the bytes of the file "backing"; the session reads it by itself.
    var backing: String?
    /// Slow reads report to the session that they wait.
    var tellsOfWaits = false
    /// Seconds for which the kernel may use names and attributes.
    var validity = 0.0

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        options.source = "tiny"
        options.subtype = "tiny"
        while let argument = rest.popFirst() {
            switch argument {
            case "--read-only": options.readOnly = true
            case "--allow-other": options.allowOther = true
            case "--tells-of-waits": tellsOfWaits = true
            case "--no-execution": options.noExecution = true
            case "--source": options.source = try value(&rest)
            case "--subtype": options.subtype = try value(&rest)
            case "--threads": maximumThreads = try number(&rest)
            case "--max-threads": threadLimit = try number(&rest)
            case "--transport":
                let name = try value(&rest)
                let transports: [String: Transport] = [
                    "auto": .automatic, "device": .device, "ring": .ring,
                ]
                guard let named = transports[name] else {
                    throw Problem(description: "no transport \(name)")
                }
                transport = named
            case "--transfer": maximumTransfer = try number(&rest)
            case "--validity": validity = Double(try number(&rest))
            case "--backing": backing = try value(&rest)
            case "--read-ahead": options.readAhead = UInt32(try number(&rest))
            default: mountPoint = argument
            }
        }
        guard !mountPoint.isEmpty else { throw Problem(description: "no mount point") }
    }

    private func value(_ rest: inout ArraySlice<String>) throws -> String {
        guard let value = rest.popFirst() else { throw Problem(description: "a value is missing") }
        return value
    }

    private func number(_ rest: inout ArraySlice<String>) throws -> Int {
        guard let number = Int(try value(&rest)) else {
            throw Problem(description: "no number")
        }
        return number
    }
}
