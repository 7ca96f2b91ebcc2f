import Foundation
import Glibc
import SystemPackage
import Terminal

/// What a programmer's machine does all day, one step after the other, as a shell script that is
/// the same on every surface. What the steps start from lies outside of the surface.
package enum WorkingDay {
    /// A part of the day, timed by itself.
    package struct Step: Sendable {
        package let name: String
        /// What the table says of it.
        package let title: String
        /// Times native that a guarded directory may take; nil where no goal is set.
        package let goal: Double?
        /// For sh(1), in the surface's directory; `$from` is the folder of what it starts from.
        let script: String
    }

    /// Files of the archive, in directories of fifty.
    private static let archived = 5000
    /// Files of the repository, in directories of fifty.
    private static let tracked = 2000
    /// C files of the build.
    private static let sources = 24

    package static let steps = [
        Step(
            name: "clone", title: "git clone, 2,000 files", goal: nil,
            script: "git clone -q \"$from/origin\" repository"),
        Step(
            name: "status", title: "git status, five times", goal: 1.5,
            script: "for i in 1 2 3 4 5; do git -C repository status --short >/dev/null; done"),
        Step(
            name: "checkout", title: "git checkout of another branch and back", goal: nil,
            script: "git -C repository checkout -q other && git -C repository checkout -q main"),
        Step(
            name: "untar", title: "untar, 5,000 files", goal: 3,
            script: "mkdir tree && tar -xf \"$from/tree.tar\" -C tree"),
        Step(
            name: "find", title: "find by size, five times", goal: 2.5,
            script: "for i in 1 2 3 4 5; do find tree -size +1 >/dev/null; done"),
        Step(
            name: "grep", title: "grep -r through all files", goal: nil,
            script: "grep -rc nowhere tree >/dev/null || true"),
        Step(
            name: "build", title: "make -j, 24 C files", goal: 1.1,
            script: "cp -r \"$from/project\" project && make -s -j \"$(nproc)\" -C project"),
        Step(
            name: "remove", title: "rm -rf of the untarred tree", goal: nil,
            script: "rm -rf tree"),
        Step(
            name: "read", title: "cat of 64 MiB in large files, three times", goal: 1 / 0.97,
            script: "for i in 1 2 3; do cat large/* >/dev/null; done"),
    ]

    /// Programs that the steps start.
    static let programs = ["git", "tar", "find", "grep", "make", "cc"]

    /// The script of a whole day: to the file `$times` it writes a line for each step, its name and
    /// its nanoseconds. It ends with the first step that fails.
    static var script: String {
        let body = steps.map { step in
            """
            began=$(date +%s%N)
            \(step.script)
            echo "\(step.name) $(($(date +%s%N) - began))" >>"$times"
            """
        }
        return (["set -e"] + body).joined(separator: "\n") + "\n"
    }

    // MARK: What it starts from

    /// Makes repository, archive and project. Throws a ``BenchError``.
    static func prepare(in folder: FilePath) throws {
        for program in programs where ChildProcess.path(of: program) == nil {
            throw BenchError(.folder, "\(program) is not installed; the working day starts it.")
        }
        do {
            try makeTree(folder.appending("tree"), files: archived, bytes: 4096)
            try makeTree(folder.appending("origin"), files: tracked, bytes: 2048)
            try makeProject(folder.appending("project"))
        } catch {
            throw BenchError(
                .folder, "\(folder) cannot be filled: \(error.localizedDescription).")
        }
        let made = """
            set -e
            tar -cf tree.tar -C tree . && rm -rf tree
            cd origin
            git init -q -b main . && git add -A
            git -c user.name=bench -c user.email=bench@localhost commit -q -m first
            git checkout -q -b other
            for file in dir1*/file*; do echo changed >>"$file"; done
            git -c user.name=bench -c user.email=bench@localhost commit -q -a -m second
            git checkout -q main
            """
        guard ChildProcess.output(of: ["sh", "-c", "cd \"$0\" && \(made)", folder.string]) != nil
        else { throw BenchError(.folder, "The repository in \(folder) cannot be made.") }
    }

    /// What is there before a day begins: four files that are larger than 128 KiB.
    static func fill(_ surface: FilePath) throws {
        let large = surface.appending("large")
        try FileManager.default.createDirectory(
            atPath: large.string, withIntermediateDirectories: true)
        let bytes = Data((0..<16 << 20).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
        for number in 0..<4 {
            try bytes.write(to: URL(fileURLWithPath: large.appending("\(number)").string))
        }
    }

    private static func makeTree(_ root: FilePath, files: Int, bytes: Int) throws {
        let manager = FileManager.default
        for number in 0..<files {
            let directory = root.appending("dir\(number / 50)")
            if number % 50 == 0 {
                try manager.createDirectory(
                    atPath: directory.string, withIntermediateDirectories: true)
            }
            // Of different lengths, as files are.
            let line = "line \(number) of a file that somebody may look for words in\n"
            let length = number &* 7919 % (2 * bytes)
            let text = String(repeating: line, count: 1 + length / line.count)
            try Data(text.utf8).write(
                to: URL(fileURLWithPath: directory.appending("file\(number).txt").string))
        }
    }

    private static func makeProject(_ root: FilePath) throws {
        try FileManager.default.createDirectory(
            atPath: root.string, withIntermediateDirectories: true)
        func write(_ text: String, to name: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: root.appending(name).string))
        }
        for number in 0..<sources {
            let functions = (0..<120).map { index in
                """
                int f\(number)_\(index)(int a, int b) {
                    char text[64]; int sum = 0;
                    for (int i = 0; i < b; i++) {
                        snprintf(text, sizeof text, "%d %d", a + i, sum);
                        sum += (int)strlen(text) ^ (a * i);
                    }
                    return sum;
                }
                """
            }
            let head = "#include <stdio.h>\n#include <string.h>\n#include <stdlib.h>\n"
            try write(head + functions.joined(separator: "\n"), to: "part\(number).c")
        }
        try write("int f0_0(int, int); int main(void) { return f0_0(1, 0); }\n", to: "main.c")
        try write(
            """
            objects := $(patsubst %.c,%.o,$(wildcard *.c))
            program: $(objects)
            \tcc -o $@ $^
            %.o: %.c
            \tcc -O1 -c -o $@ $<

            """, to: "Makefile")
    }
}
