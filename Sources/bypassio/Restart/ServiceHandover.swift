import BypassIOMount
import Foundation
import LinuxKit
import SystemPackage

/// What a service says to the process that takes over, and hears from it: a byte, and a sentence
/// behind it where something went wrong.
enum HandoverWord: Equatable {
    /// Of the new process: everything is there again, and nothing is served yet.
    case restored
    /// Of the old one: it will not go on.
    case go
    /// Of the new one: it serves.
    case serves
    /// Of the new one: it cannot.
    case refused(String)

    private static let longest = 4096

    private var bytes: [UInt8] {
        switch self {
        case .restored: [1]
        case .go: [2]
        case .serves: [3]
        case .refused(let why): [4] + Array(why.utf8.prefix(Self.longest - 1))
        }
    }

    private init?(_ bytes: ArraySlice<UInt8>) {
        switch bytes.first {
        case 1: self = .restored
        case 2: self = .go
        case 3: self = .serves
        case 4: self = .refused(String(decoding: bytes.dropFirst(), as: UTF8.self))
        default: return nil
        }
    }

    func send(to channel: FileDescriptor) throws(Errno) {
        try SystemCall.send(message: bytes, with: nil, to: channel)
    }

    /// nil when the other side has ended, or says nothing in time.
    static func next(from channel: FileDescriptor, within limit: Duration) -> HandoverWord? {
        let milliseconds = Int32(clamping: limit.components.seconds * 1000)
        guard
            let ready = try? SystemCall.wait(channel, nil, nil, milliseconds: milliseconds),
            ready.first
        else { return nil }
        var buffer = [UInt8](repeating: 0, count: longest)
        guard let packet = try? SystemCall.receive(into: &buffer, from: channel) else { return nil }
        if let file = packet.file { try? file.close() }
        return HandoverWord(buffer.prefix(packet.length))
    }
}

/// The new process' side: what it inherited from the old service, living or dead.
struct ServiceHandover: Sendable {
    /// In the environment: the numbers of the channel and of the state, the old service, and the
    /// number of the channel to the process that unmounts, if there is one.
    static let variable = "BYPASSIO_HANDOVER"
    /// How long the old service may take to agree.
    private static let patience = Duration.seconds(30)

    let state: ServiceState
    /// The table of a service that has died; nil if it lives.
    let died: RecoveryTable?
    /// ``Unmounter/channel``, if another process unmounts for this one.
    let unmounter: Int32?
    /// nil: nobody is there to be told.
    private let channel: FileDescriptor?

    /// What a service that started this process handed over; nil if none did. Throws a
    /// ``CommandError``, after it told the service.
    static func received() throws -> ServiceHandover? {
        let numbers = ProcessInfo.processInfo.environment[variable]?
            .split(separator: ",").compactMap { Int32($0) }
        guard let numbers, (3...4).contains(numbers.count), numbers[2] == getppid() else {
            return try recovered()
        }
        let unmounter = numbers.count == 4 ? numbers[3] : nil
        let channel = FileDescriptor(rawValue: numbers[0])
        let memory = OwnedDescriptor(owning: FileDescriptor(rawValue: numbers[1]))
        do {
            try SystemCall.closeOnExec(channel)
            if let unmounter {
                try SystemCall.closeOnExec(FileDescriptor(rawValue: unmounter))
            }
            let size = try SystemCall.status(of: memory.descriptor).size
            var bytes = [UInt8](repeating: 0, count: Int(clamping: size))
            guard try SystemCall.read(memory.descriptor, into: &bytes, at: 0) == bytes.count else {
                throw Errno.ioError
            }
            return ServiceHandover(
                state: try ServiceState(bytes), unmounter: unmounter, channel: channel)
        } catch {
            let words = "the state was not understood: \(error)"
            try? HandoverWord.refused(words).send(to: channel)
            throw CommandError(.internalError, words)
        }
    }

    init(
        state: ServiceState, unmounter: Int32?, channel: FileDescriptor?,
        died: RecoveryTable? = nil
    ) {
        self.state = state
        self.unmounter = unmounter
        self.channel = channel
        self.died = died
    }

    /// Tells the old service that all is there, and waits for its word. Throws if it goes on
    /// itself.
    func awaitGo() throws {
        guard let channel else { return }
        try HandoverWord.restored.send(to: channel)
        guard HandoverWord.next(from: channel, within: Self.patience) == .go else {
            throw CommandError(.internalError, "the old service goes on")
        }
    }

    func tellServing() {
        if let channel { try? HandoverWord.serves.send(to: channel) }
    }

    func refuse(_ why: String) {
        if let channel { try? HandoverWord.refused(why).send(to: channel) }
    }
}
