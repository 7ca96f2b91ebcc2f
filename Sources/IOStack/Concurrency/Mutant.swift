/// A rule that the build of the search (Tests/Interleavings) and of the simulation
/// (Tests/Simulation) can leave out, to show that they would notice. In every other build
/// `isPlanted` is a compile-time false.
package enum Mutant: String {
    /// A pause does not wait for the reads that are past the filters.
    case noDrain = "NO_DRAIN"
    /// A read enters although it finds the stream's gate closed while it counts itself in.
    case countWithoutLooking = "COUNT_WITHOUT_LOOKING"
    /// The same at the volume's gate.
    case volumeCountWithoutLooking = "VOLUME_COUNT_WITHOUT_LOOKING"
    /// An ENABLE takes effect although a withdrawal overtook it.
    case noAskingAgain = "NO_ASKING_AGAIN"
    /// A drain sleeps without another look after it raised its flag.
    case sleepWithoutLooking = "SLEEP_WITHOUT_LOOKING"
    /// A resume asks while it holds the stream's lock.
    case queryUnderLock = "QUERY_UNDER_LOCK"
    /// A resume ends a pause that came after its question.
    case noEpoch = "NO_EPOCH"
    /// An attach does not wait for reads that are past the filters.
    case noAttachDrain = "NO_ATTACH_DRAIN"
    /// A resume stays refused although the filter that refused it has left.
    case refuserGone = "REFUSER_GONE"
    /// A cached use does not wait for bypassed reads.
    case noSuspensionDrain = "NO_SUSPENSION_DRAIN"
    /// Of two cached users, the first to end ends the suspension of both.
    case suspendedByOne = "SUSPENDED_BY_ONE"
    /// A VOLUME_STACK_PAUSE does not wait.
    case noVolumeDrain = "NO_VOLUME_DRAIN"
    /// A VOLUME_STACK_RESUME ends a pause that came after its question.
    case noVolumeEpoch = "NO_VOLUME_EPOCH"
    /// A VOLUME_STACK_RESUME leaves the drivers' earlier refusal in force.
    case refusalStays = "REFUSAL_STAYS"
    /// A withdrawal pauses after its restore, and nobody resumes.
    case pauseOutlivesRestore = "PAUSE_OUTLIVES_RESTORE"
    /// A withdrawal pauses, but no veto stands in the filter's place.
    case noStandingVeto = "NO_STANDING_VETO"
    /// A write that the storage did in part counts as whole.
    case shortWriteCountsWhole = "SHORT_WRITE_COUNTS_WHOLE"
    /// A request that failed below succeeds.
    case failureForgotten = "FAILURE_FORGOTTEN"
    /// A handle that closes keeps its bypass.
    case closeKeepsBypass = "CLOSE_KEEPS_BYPASS"
    /// A pause outlives the bypass of the stream's last handle.
    case pauseOutlivesBypass = "PAUSE_OUTLIVES_BYPASS"
    /// A pause that took too long stays in force.
    case failedPauseStays = "FAILED_PAUSE_STAYS"
    /// The file system never hears of a file object's end.
    case noClose = "NO_CLOSE"
    /// A request that is begun again repeats what it has done.
    case doneTwice = "DONE_TWICE"
}
