/// How far a request came on its way up.
enum AscentOutcome {
    case finished
    case pended
}
