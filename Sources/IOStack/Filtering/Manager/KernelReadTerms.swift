/// A filter's terms for reads that the host's kernel does by itself, past the whole stack, for
/// files that got a grant when they were opened (`FileObject.grantKernelReads()`). A grant needs
/// the consent of all filters of a volume.
///
/// A filter declares its terms in ``FilterRegistration/kernelReads``. Whatever it declares, it may
/// veto each file's BypassIO as ever, and a grant begins with an ENABLE.
///
/// Mappings are out of reach. The kernel brings pages into a program's memory without telling the
/// stack, and nothing stops it. The same holds for stores through a mapping of a file that is read
/// this way.
public enum KernelReadTerms: UInt8, Sendable, CaseIterable, Comparable {
    /// The filter has to see, or be able to stop, all reads of the file, mappings included: no
    /// kernel reads on its volume. These are the terms of a filter of reads or writes that declares
    /// none.
    case refused
    /// The stack asks its pre-read callback before each kernel read. Such reads cost about as much
    /// as reads through the stack, but their data is not copied.
    case asked
    /// Kernel reads pass unseen until a pause, a suspension or the attach of a filter that did not
    /// opt in stops them. From then on the stack asks its pre-read callback before each.
    case stoppable
    /// None: kernel reads may pass even where nothing can ever stop them.
    case unwatched

    /// Less demanding terms are greater.
    public static func < (one: KernelReadTerms, other: KernelReadTerms) -> Bool {
        one.rawValue < other.rawValue
    }
}
