import Testing

/// Black-box tests of a live mount: the service is the built command in a process of its own, the
/// clients are this process's threads and other programs. Serialized, because they load every core,
/// and some kill a service.
@Suite(.serialized, .enabled(if: MountCommand.whyNot == nil, "\(MountCommand.whyNot ?? "")"))
enum MountedVolume {}
