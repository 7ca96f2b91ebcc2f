/// Something that another process than this one did to the files of a volume, past the stack.
public struct OutsideChange: Sendable, Hashable {
    /// What is not any more as it was.
    public struct Effects: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// What ``OutsideChange/name`` stands for in ``OutsideChange/directory``.
        public static let name = Effects(rawValue: 1 << 0)
        /// The bytes of ``OutsideChange/file``, and with them its attributes.
        public static let content = Effects(rawValue: 1 << 1)
        /// The attributes of ``OutsideChange/file`` alone.
        public static let attributes = Effects(rawValue: 1 << 2)
    }

    /// Where it happened; nil where that is not known.
    public let directory: FileID?
    /// Empty where it is not known.
    public let name: [UInt8]
    /// nil where it is not known.
    public let file: FileID?
    public let effects: Effects

    public init(directory: FileID?, name: [UInt8], file: FileID?, effects: Effects) {
        self.directory = directory
        self.name = name
        self.file = file
        self.effects = effects
    }
}
