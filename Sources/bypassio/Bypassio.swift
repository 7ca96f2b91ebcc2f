import ArgumentParser

@main
struct Bypassio: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bypassio")
}
