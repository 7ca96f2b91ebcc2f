import Foundation
import Testing

extension MountedVolume {
    /// Programs that know nothing of the mount work on it as on the directory behind it.
    @Suite struct Programs {
        /// A line for the shell, run in the mount's root beside a small tree `tree`, and the tools
        /// it needs.
        struct Line: CustomTestStringConvertible, Sendable {
            let name: String
            let tools: [String]
            let script: String
            var testDescription: String { name }
        }

        private static let lines = [
            Line(
                name: "cp -a", tools: ["cp", "diff"],
                script: "cp -a tree copy && diff -r tree copy && test -L copy/link"),
            Line(
                name: "tar", tools: ["tar", "diff"],
                script: "tar cf t.tar tree && mkdir x && tar xpf t.tar -C x && diff -r tree x/tree"),
            Line(
                name: "git", tools: ["git"],
                script: """
                    git init -q repo && cp -r tree repo/ && cd repo && git add -A \
                    && git -c user.name=x -c user.email=x@x commit -qm one && cd .. \
                    && git clone -q repo clone && git -C clone fsck --full \
                    && test -z "$(git -C clone status --short)"
                    """),
            Line(
                name: "rsync -aHAX", tools: ["rsync"],
                script: """
                    rsync -aHAX tree/ mirror/ && test -z "$(rsync -aHAXni tree/ mirror/)"
                    """),
            Line(
                name: "sqlite3", tools: ["sqlite3"],
                script: """
                    sqlite3 d.db 'create table t(a)' && for i in 1 2 3 4; do \
                    (for j in 1 2 3 4 5; do \
                    sqlite3 -cmd '.timeout 20000' d.db "insert into t values($i)"; done) & done; \
                    wait; test "$(sqlite3 d.db 'select count(*) from t')" = 20 \
                    && test "$(sqlite3 d.db 'pragma integrity_check')" = ok
                    """),
            Line(
                name: "fio --verify", tools: ["fio"],
                script: """
                    for engine in psync mmap; do fio --name=$engine --size=8M --rw=randwrite \
                    --bs=4k --verify=crc32c --ioengine=$engine >/dev/null || exit 1; done; \
                    fio --name=direct --size=8M --rw=randwrite --bs=4k --verify=crc32c --direct=1 \
                    --ioengine=libaio --iodepth=16 >/dev/null
                    """),
            Line(
                name: "find", tools: ["find"],
                script: """
                    test "$(find tree -type f | wc -l)" = 20 && test "$(find tree -size +3k \
                    -name 'f*' | wc -l)" = 20
                    """),
            Line(
                name: "a compiler", tools: ["cc"],
                script: """
                    printf '#include <stdio.h>\\nint main(){puts("it runs");}' > p.c && cc p.c -o p \
                    && test "$(./p)" = 'it runs'
                    """),
            Line(
                name: "an editor's save", tools: ["python3"],
                script: """
                    python3 -c "
                    import os
                    with open('note.tmp','w') as f:
                        f.write('new'); f.flush(); os.fsync(f.fileno())
                    os.rename('note.tmp','tree/f1')
                    assert open('tree/f1').read()=='new'"
                    """),
            Line(
                name: "a mapping reader", tools: ["python3"],
                script: """
                    python3 -c "
                    import mmap
                    with open('tree/f2','r+b') as f:
                        m=mmap.mmap(f.fileno(),0); assert m[:1]==b'x'; m[0:1]=b'y'; m.flush()
                    assert open('tree/f2','rb').read(1)==b'y'"
                    """),
        ]

        @Test(arguments: lines) func worksOnTheMount(_ line: Line) throws {
            let missing = line.tools.filter { Program.find($0) == nil }
            guard missing.isEmpty else {
                // Said, not hidden: the tool is a Debian package that this machine lacks.
                print("skipped: \(line.name) needs \(missing.joined(separator: ", "))")
                return
            }
            let mount = try LiveMount()
            let tree = "\(mount.source)/tree"
            let make = try Program.shell(
                """
                mkdir -p \(tree)/d && cd \(tree) && for i in $(seq 1 20); do \
                head -c 4096 /dev/zero | tr '\\0' x > f$i; done && ln -s f1 link && ln f3 d/hard \
                && rm f20 && cp f19 f20 && rm d/hard && chmod 2750 d
                """
            ).run(within: 20)
            #expect(make.code == 0, "\(make)")
            let outcome = try Program.shell(line.script, in: mount.mountpoint).run(within: 120)
            #expect(outcome.code == 0, "\(line.name): \(outcome)")
            mount.stop()
        }
    }
}
