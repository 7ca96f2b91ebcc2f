import BypassIOProtocol
import IOStack
import SystemPackage

/// A filter that answers requests with what it likes: counts that were not asked for, statuses that
/// no operation knows, results of other requests.
final class GarbageFilter: Sendable {
    struct Answer: Sendable {
        var status: NTStatus
        var information: Int
        var hostErrno: Int32
        var result: IOResult?
        /// It completes the request on its way down; otherwise it changes the answer on the way up.
        var completes: Bool
        /// It changes what is asked for, instead of the answer.
        var changesRequest: Bool

        init(from random: inout some RandomNumberGenerator) {
            status = NTStatus(rawValue: Self.statuses.randomElement(using: &random) ?? 0)
            information = Self.counts.randomElement(using: &random) ?? 0
            hostErrno = Self.errors.randomElement(using: &random) ?? 0
            result = Self.results.randomElement(using: &random) ?? nil
            completes = Bool.random(using: &random)
            changesRequest = Int.random(in: 0..<4, using: &random) == 0
        }

        private static let statuses: [UInt32] = [
            0, 0, 0x103, 0x4000_0000, 0x8000_0005, 0xC000_0001, 0xC000_FFFF, 0xFFFF_FFFF,
            0x1234_5678, 0xC0DE_0001,
        ]
        private static let counts = [0, -1, 1, 4096, 4097, 1 << 20, .max, .min, 1 << 40]
        private static let errors: [Int32] = [0, 0, -5, 5, 511, 512, 4096, .max, .min]
        private static let results: [IOResult?] = [
            nil, IOResult.none, .linkTarget([]), .linkTarget([UInt8](repeating: 47, count: 70_000)),
            .offset(.max), .offset(0), .flags(.inode(.max)), .flags(.generation(0)),
            .entries([]), .entries(entries), .names([]), .names(names), .bytes([]),
            .bytes([UInt8](repeating: 255, count: 200_000)), .volume(volume), .lock(nil),
            .lock(FileLock(.shared, .range(offset: .max, length: .max), .wait)),
            .information(information),
        ]
        private static let names = (0..<3000).map { _ in [UInt8](repeating: 0, count: 300) }
        private static let entries = [
            [], [0], [47], [46], [46, 46], [UInt8](repeating: 65, count: 5000), [255, 47, 0],
        ].map { name in
            DirectoryEntry(
                name: name, id: FileID(device: .max, inode: 0), kind: nil, cookie: .max,
                information: information)
        }
        private static let volume = VolumeInformation(
            blockSize: 0, totalBlocks: .max, freeBlocks: .max, availableBlocks: .max,
            totalFiles: 0, freeFiles: .max, maximumNameLength: .max)
        private static let information = FileInformation(
            kind: .socket, id: FileID(device: .max, inode: .max), permissions: .max,
            linkCount: .max, userID: .max, groupID: .max, size: .max, allocatedSize: .max,
            preferredIOSize: 0, deviceNumber: .max,
            accessTime: FileTime(seconds: .min, nanoseconds: .max),
            modificationTime: FileTime(seconds: .max, nanoseconds: .max),
            changeTime: FileTime(seconds: 0, nanoseconds: 0))
    }

    private let next = Guarded<Answer?>(nil)

    /// nil: it lets everything pass.
    func answer(_ answer: Answer?) { next.withLock { $0 = answer } }

    var registration: FilterRegistration {
        FilterRegistration(
            name: "garbage", altitude: Altitude(integer: 1), supportedFeatures: .bypassIO,
            operations: MajorFunction.allCases.map { major in
                OperationRegistration(
                    major,
                    preOperation: { [self] data, _ in
                        guard let answer = next.withLock({ $0 }) else {
                            return .successNoCallback
                        }
                        if answer.changesRequest { change(data, by: answer) }
                        guard answer.completes else { return .successWithCallback(.none) }
                        spoil(data, with: answer)
                        return .complete
                    },
                    postOperation: { [self] data, _, _ in
                        if let answer = next.withLock({ $0 }), !answer.changesRequest {
                            spoil(data, with: answer)
                        }
                        return .finishedProcessing
                    })
            })
    }

    private func spoil(_ data: CallbackData, with answer: Answer) {
        data.ioStatus = IOStatusBlock(
            answer.status, information: answer.information, hostErrno: answer.hostErrno)
        if let result = answer.result { data.result = result }
    }

    private func change(_ data: CallbackData, by answer: Answer) {
        let offset = UInt64(truncatingIfNeeded: answer.information)
        switch data.parameters {
        case .read: data.parameters = .read(offset: offset, length: answer.information)
        case .write: data.parameters = .write(offset: offset, length: answer.information)
        case .directoryControl:
            data.parameters = .directoryControl(
                cookie: offset, limit: answer.information, withInformation: answer.completes)
        case .create(var create):
            create.path = FilePath("../../\(answer.information)")
            create.fileID = answer.completes ? FileID(device: 0, inode: offset) : nil
            data.parameters = .create(create)
        case .setInformation:
            data.parameters = .setInformation(.endOfFile(offset))
        // Of another function.
        default: data.parameters = answer.completes ? .cleanup : .queryEA(.names)
        }
    }
}
