extension FilterInstance {
    /// The file objects of the volume that have bypass enabled, paused ones included, in no order.
    ///
    /// For a filter that comes later than they: their ENABLEs did not pass it. Asked at or after
    /// ``FilterRegistration/instanceSetupComplete``, the list has every file object whose ENABLE the
    /// filter did not see; every other ENABLE passes it. (Windows leaves a filter to walk the
    /// volume's streams with `FsRtlGetBypassIoOpenCount`.)
    /// Empty once the instance is being detached.
    public var bypassedFiles: [FileObject] {
        isAttached ? volume.bypassedFiles : []
    }
}
