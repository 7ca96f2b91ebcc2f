/// What a draining thread can do itself about the reads it waits for.
enum DrainProgress {
    /// It moved some on.
    case advanced
    /// It has reads that it cannot move on now and may later: filters keep them, or the storage
    /// did not take the question.
    case toBeAskedAgain
    case nothing
}
