import ArgumentParser
struct ClientCommand: ParsableCommand {
    func run() throws {}
}
