import ArgumentParser

@main
struct ExerciserCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bypassio-exerciser")
}
