/// What a filter needs of reads that the host's kernel carries itself, past the whole stack: for
/// files whose opener got them granted (`FileObject.grantKernelReads()`). Only what all filters of
/// a volume agree to is granted.
///
/// A filter declares it in ``FilterRegistration/kernelReads``; whatever it declares, it may veto
/// each file's BypassIO as ever, and a grant begins with an ENABLE.
///
/// Mappings are out of reach: nobody tells of a page that the kernel brings into a program's
/// memory, and nothing stops it. The same goes for what a program stores through a mapping of a
/// file that is read this way.
public enum KernelReadTerms: UInt8, Sendable, CaseIterable, Comparable {
    /// It has to see, or be able to stop, whatever reads the file, mappings as well: no kernel
    /// reads on its volume. The terms of a filter of reads or writes that declares none.
    case refused
    /// Its pre-read callback is asked before each of them. They cost about as much as reads through
    /// the stack, but their data is not copied.
    case asked
    /// They pass unseen until a pause, a suspension or the attach of a filter that did not opt in
    /// stops them; from then on its pre-read callback is asked before each.
    case stoppable
    /// Nothing: they may pass even where nobody can ever stop them.
    case unwatched

    /// Whoever is less demanding is greater.
    public static func < (one: KernelReadTerms, other: KernelReadTerms) -> Bool {
        one.rawValue < other.rawValue
    }
}
