import CPosixCalls
import Foundation
import Testing

/// A live mount, and a directory of the same disk beside it, for programs that use both.
struct ProgramBench {
    let mount: LiveMount
    /// A directory on ext4, not mounted.
    let disk: String

    init() throws {
        mount = try LiveMount()
        disk = try mount.folder.makeFolder("disk")
    }

    /// The variables of a shell line: `$mount` is the mount, `$backing` the source behind it,
    /// `$disk` a plain directory.
    private var variables: [String: String] {
        [
            "mount": mount.mountpoint, "backing": mount.source, "disk": disk,
            "HOME": disk, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@example.org", "LC_ALL": "C.UTF-8",
        ]
    }

    /// Runs lines of the shell in the mount; the first failure ends them, and is an issue.
    @discardableResult
    func shell(
        _ lines: String, in folder: String? = nil, within seconds: Double = 60,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Program.Outcome {
        let program = Program(
            "/bin/sh", ["-eu", "-c", lines], in: folder ?? mount.mountpoint, environment: variables)
        let outcome = try program.run(within: seconds)
        #expect(outcome.code == 0, "\(lines)\n\(outcome)", sourceLocation: sourceLocation)
        return outcome
    }

    /// Expects two trees that are equal but for their change times.
    func expectSameTree(
        _ one: String, _ other: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let trees = [one, other].map { TreeSnapshot(of: $0, withTimes: false).lines }
        let difference = ConformanceRun.difference(trees[0], trees[1], names: (one, other))
        #expect(difference == nil, "\(difference ?? "")", sourceLocation: sourceLocation)
        #expect(trees[0].count > 1, "\(one) is empty", sourceLocation: sourceLocation)
    }

    /// Lines of the shell that make a tree with everything a copy must keep.
    static let makeTree = """
        mkdir -p tree/dir/sub "tree/with blank" && cd tree
        for n in $(seq 100); do echo "file $n" > "dir/f$n"; done
        head -c 3000000 /dev/urandom > large
        : > empty; printf 'no newline' > "with blank/ü"
        ln dir/f1 hard; ln dir/f1 dir/sub/hard; ln -s dir/f2 link; ln -s nowhere dangling
        mkfifo fifo; mknod null c 1 3
        truncate -s 5M sparse; printf end | dd of=sparse bs=1 seek=4000000 conv=notrunc 2>/dev/null
        chmod 4711 dir/f3; chmod 2775 dir/sub; chmod 000 dir/f4; chown 51001:51002 dir/f5
        touch -d '2001-02-03 04:05:06.123456789' dir/f6 dir/sub; touch -h -d '2002-01-01' link
        if command -v setfattr >/dev/null; then setfattr -n user.note -v kept dir/f7; fi
        if command -v setfacl >/dev/null; then
          setfacl -m u:51001:rx dir/f8; setfacl -d -m g:51002:rwx dir/sub; fi
        """

    static func has(_ tools: String...) -> Bool { tools.allSatisfy { Program.find($0) != nil } }
}
