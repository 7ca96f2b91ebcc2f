import BypassIOProtocol
public import FilterKit
public import IOStack
public import SystemPackage

/// Keeps files encrypted in the format of gocryptfs with plain names, and shows them decrypted.
///
/// A file is encrypted if it begins with the format's header; a new file becomes so. Files that are
/// not are left alone, and bypass the filter, unless ``PlainFiles/refuse`` is said. Whatever does
/// not authenticate fails its reads (EIO).
///
/// Any thread.
public final class EncryptFilter: BlockFilter {
    /// Files that have no header of the format.
    public enum PlainFiles: String, Sendable, CaseIterable {
        /// They are read and written as they are.
        case bypass
        /// They cannot be read (EIO): nobody can put a plain file in an encrypted one's place.
        case refuse
    }

    public let name = "encrypt"
    public let altitude = Altitude(integer: 142_000)
    public let layout = BlockLayout(
        header: FileHeader.length, overhead: BlockCipher.overhead, hasShortHoles: false)
    public let refusal = BlockRefusal(
        .notSupportedWithEncryption, reason: "The file is encrypted.")

    private let cipher: BlockCipher
    private let plainFiles: PlainFiles
    /// A file of the root that is neither changed nor removed.
    let keptName: FilePath.Component?

    public let succeedsAnother: Bool

    /// - Parameters:
    ///   - key: encrypts and decrypts every file.
    ///   - plainFiles: what becomes of files that are not encrypted.
    ///   - keptName: of the file in the volume's root that has the key, if it lies there.
    ///   - succeedsAnother: another process had the filter attached to files that are open.
    public init(
        _ key: MasterKey, plainFiles: PlainFiles = .bypass, keptName: FilePath.Component? = nil,
        succeedsAnother: Bool = false
    ) {
        self.succeedsAnother = succeedsAnother
        cipher = BlockCipher(key.content)
        self.plainFiles = plainFiles
        self.keptName = keptName
    }

    public func key(of file: BlockFileFacts) throws(IOFailure) -> FileHeader? {
        guard let start = file.header else {
            guard let new = FileHeader(id: try RandomBytes.fresh(16)) else {
                throw IOFailure(.insufficientResources)
            }
            return new
        }
        if let header = FileHeader(start) { return header }
        guard plainFiles == .bypass, !FileHeader.claims(start), try !isDamaged(file, start) else {
            throw IOFailure(.dataError)
        }
        return nil
    }

    /// Whether a file that does not say that it is encrypted has an encrypted block all the same:
    /// its header's version was changed.
    private func isDamaged(
        _ file: BlockFileFacts, _ start: [UInt8]
    ) throws(IOFailure) -> Bool {
        guard start.count == FileHeader.length,
            let header = FileHeader(id: Array(start[2...]))
        else { return false }
        let size = try file.storedSize()
        let stored = UInt64(layout.block + layout.overhead)
        guard size > UInt64(FileHeader.length) else { return false }
        let last = (size - UInt64(FileHeader.length) - 1) / stored
        for number in Set([0, last]) {
            var block = try file.stored(
                at: UInt64(FileHeader.length) + number * stored, length: Int(stored))
            var span = block.mutableSpan
            do throws(IOFailure) {
                try cipher.open(&span, number, file: header.id)
                return true
            } catch {
                continue
            }
        }
        return false
    }

    public func header(for key: FileHeader) -> [UInt8] { key.bytes }

    public func encode(
        _ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: FileHeader
    ) throws(IOFailure) {
        try cipher.seal(&block, number, file: key.id)
    }

    public func decode(
        _ block: inout MutableSpan<UInt8>, _ number: UInt64, _ key: FileHeader
    ) throws(IOFailure) {
        try cipher.open(&block, number, file: key.id)
    }
}
