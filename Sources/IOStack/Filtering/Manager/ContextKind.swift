/// What an object of a filter's own is attached to (`FLT_CONTEXT_TYPE`).
///
/// Two of Windows' seven are left out. A section context belongs to a file mapping that a filter
/// makes for scanning; here mappings are the kernel's, and a filter reads through its instance. A
/// transaction context belongs to a transaction of the file system, which Linux' do not have.
public enum ContextKind: UInt8, Sendable, Hashable, CaseIterable {
    case volume
    case instance
    /// A file, all its streams together. On Linux a file has one stream, so it lives as long as
    /// ``stream`` does; a filter may have both.
    case file
    case stream
    /// One file object: Windows' stream handle context.
    case streamHandle
}
