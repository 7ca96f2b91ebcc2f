/// The kinds of objects to which a filter can attach an object of its own (`FLT_CONTEXT_TYPE`).
///
/// Two of Windows' seven are left out. A section context belongs to a file mapping that a filter
/// makes for scanning; here the kernel makes mappings, and a filter reads through its instance. A
/// transaction context belongs to a transaction of the file system, which Linux' file systems do
/// not have.
public enum ContextKind: UInt8, Sendable, Hashable, CaseIterable {
    case volume
    case instance
    /// A file with all its streams. On Linux a file has one stream, so this context lives as long
    /// as that of ``stream``; a filter may have both.
    case file
    case stream
    /// One file object: Windows' stream handle context.
    case streamHandle
}
