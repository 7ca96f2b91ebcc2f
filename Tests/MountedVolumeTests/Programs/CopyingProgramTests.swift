import Testing

extension MountedVolume {
    /// Programs that copy trees, and programs that read them.
    @Suite struct CopyingPrograms {
        @Test func cpKeepsEverything() throws {
            let bench = try ProgramBench()
            try bench.shell(ProgramBench.makeTree, in: bench.disk)
            try bench.shell("cp -a \"$disk/tree\" tree")
            bench.expectSameTree("\(bench.disk)/tree", "\(bench.mount.mountpoint)/tree")
            bench.expectSameTree("\(bench.disk)/tree", "\(bench.mount.source)/tree")
            // Copies also within the mount, and back.
            try bench.shell("cp -a tree again; cp -a again \"$disk/back\"; rm -rf again")
            bench.expectSameTree("\(bench.disk)/tree", "\(bench.disk)/back")
            bench.mount.stop()
        }

        @Test(.enabled(if: ProgramBench.has("rsync"), "needs rsync"))
        func rsyncFindsNothingMoreToDo() throws {
            let bench = try ProgramBench()
            try bench.shell(ProgramBench.makeTree, in: bench.disk)
            try bench.shell("rsync -aHAX --numeric-ids --devices --specials \"$disk/tree/\" tree/")
            let second = try bench.shell(
                "rsync -aHAXn --numeric-ids --devices --specials --checksum --delete "
                    + "--itemize-changes \"$disk/tree/\" tree/")
            #expect(second.output.isEmpty, "\(second.output)")
            bench.expectSameTree("\(bench.disk)/tree", "\(bench.mount.source)/tree")
            let back = try bench.shell(
                """
                for n in 1 2 3; do echo more >> tree/dir/f1$n; done; rm tree/dir/f20
                rsync -aHAX --numeric-ids --delete tree/ "$disk/back/"
                rsync -aHAXn --numeric-ids --checksum --delete --itemize-changes tree/ "$disk/back/"
                """)
            #expect(back.output.isEmpty, "\(back.output)")
            bench.mount.stop()
        }

        @Test(.enabled(if: ProgramBench.has("tar"), "needs tar"))
        func tarThereAndBack() throws {
            let bench = try ProgramBench()
            try bench.shell(ProgramBench.makeTree)
            try bench.shell(
                """
                tar --xattrs --xattrs-include='*' --acls -Scf tree.tar tree
                mkdir out && tar --xattrs --xattrs-include='*' --acls -Sxpf tree.tar -C out
                tar -df tree.tar
                (cd out && tar -df ../tree.tar)
                mkdir "$disk/out"; tar --xattrs --xattrs-include='*' --acls -Sxpf tree.tar -C "$disk/out"
                tar -czf - tree | tar -tzf - | wc -l
                """)
            bench.expectSameTree("\(bench.mount.source)/tree", "\(bench.mount.mountpoint)/out/tree")
            bench.expectSameTree("\(bench.mount.source)/tree", "\(bench.disk)/out/tree")
            bench.mount.stop()
        }

        /// Programs that read print the same lines on the mount and behind it.
        @Test func findAndOthersSeeWhatIsBehindTheMount() throws {
            let bench = try ProgramBench()
            try bench.shell(ProgramBench.makeTree)
            let lines = [
                "find . -printf '%p %y %m %U:%G %n %s %T@ %l\\n' | sort",
                "find . -newermt 2001-01-01 ! -newermt 2001-12-31 | sort",
                "find . -links +1 -type f | sort; find . -samefile tree/hard | sort",
                "find . -type f -size +1M | sort; find . -empty | sort; find . -perm -4000",
                "find . -xtype l; find . -type p -o -type c | sort",
                "ls -lRn --time-style=full-iso", "du -a --apparent-size . | sort",
                "du -sk .", "find . -type f ! -perm 000 -exec md5sum {} + | sort",
                "grep -rl 'file 7' tree/dir | sort", "stat -c '%n %F %a %h %s %b' tree/* | sort",
                "wc -c tree/dir/* | tail -1", "test tree/dir/sub -ot tree/large; echo $?",
            ]
            for line in lines {
                let there = try bench.shell(line)
                let behind = try bench.shell(line, in: bench.mount.source)
                #expect(there.output == behind.output, "\(line)")
            }
            bench.mount.stop()
        }

        @Test func treesGoAsTheyCame() throws {
            let bench = try ProgramBench()
            try bench.shell(
                """
                for n in 1 2 3; do
                  mkdir -p many; for i in $(seq 400); do echo $i > many/$i; done
                  mv many moved; test $(ls moved | wc -l) = 400; rm -r moved
                done
                mkdir -p a/b/c/d/e/f; rm -rf a; test -z "$(ls -A)"
                """)
            bench.mount.stop()
        }
    }
}
