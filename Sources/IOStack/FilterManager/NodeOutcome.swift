/// What became of a request at one node.
enum NodeOutcome {
    case passed
    case completed
    case pended
}
