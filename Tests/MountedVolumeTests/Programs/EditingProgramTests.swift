import Testing

extension MountedVolume {
    /// Compilers, editors, readers of mappings, and other users.
    @Suite struct EditingPrograms {
        @Test(.enabled(if: ProgramBench.has("cc"), "needs cc"))
        func compilerAndItsProgram() throws {
            let bench = try ProgramBench()
            let outcome = try bench.shell(
                """
                for n in 1 2 3 4 5; do echo "int f$n(void) { return $n; }" > f$n.c; done
                cat > main.c <<'END'
                #include <stdio.h>
                int f1(void), f2(void), f3(void), f4(void), f5(void);
                int main(void) { printf("%d\\n", f1() + f2() + f3() + f4() + f5()); return 0; }
                END
                for n in 1 2 3 4 5; do cc -c f$n.c; done
                ar rcs libf.a f1.o f2.o; cc -shared -fPIC -o libg.so f3.c f4.c f5.c
                cc -o program main.c libf.a ./libg.so -Wl,-rpath,'$ORIGIN'
                ./program; strip program; ./program; cc -O2 -g -o program main.c f?.c; ./program
                """)
            #expect(outcome.lines == ["15", "15", "15"])
            bench.mount.stop()
        }

        @Test(.enabled(if: ProgramBench.has("make", "cc"), "needs make and cc"))
        func makeRebuildsWhatChanged() throws {
            let bench = try ProgramBench()
            let outcome = try bench.shell(
                """
                printf 'all: out\\nout: a.o b.o\\n\\tcat a.o b.o > out\\n%%.o: %%.in\\n\\tcp $< $@\\n' > Makefile
                echo a > a.in; echo b > b.in
                make -s; make -q && echo current
                sleep 0.02; echo changed > a.in; make -q || echo old; make -s -j2; cat out
                """)
            #expect(outcome.lines == ["current", "old", "changed", "b"])
            bench.mount.stop()
        }

        @Test(.enabled(if: ProgramBench.has("ed"), "needs ed"))
        func edSaves() throws {
            let bench = try ProgramBench()
            try bench.shell(
                """
                printf 'a\\none\\ntwo\\n.\\nw file\\nq\\n' | ed -s
                printf '1s/one/ONE/\\nw\\nq\\n' | ed -s file
                test "$(cat file)" = "$(printf 'ONE\\ntwo')"; cmp file "$backing/file"
                """)
            bench.mount.stop()
        }

        /// vim writes a new file, keeps the old file as backup, and renames.
        @Test(.enabled(if: ProgramBench.has("vim"), "needs vim"))
        func vimSavesWithBackup() throws {
            let bench = try ProgramBench()
            try bench.shell(
                """
                printf 'one\\ntwo\\n' > file; chmod 640 file; ln file other
                for copy in yes no auto; do
                  vim -Nu NONE -es -c "set backup backupcopy=$copy" -c '%s/$/!/' -c wq file < /dev/null
                done
                test "$(cat file)" = "$(printf 'one!!!\\ntwo!!!')"; test -f file~
                test "$(stat -c %a file)" = 640; cmp file "$backing/file"
                """)
            bench.mount.stop()
        }

        /// An editor writes a temporary file, syncs it, renames it, and syncs the directory; sed
        /// and patch work similarly.
        @Test func filesAreReplaced() throws {
            let bench = try ProgramBench()
            try bench.shell(
                """
                seq 1000 > file
                for n in $(seq 30); do
                  sed "s/^$n\\$/line $n/" file > .file.tmp; sync .file.tmp; mv .file.tmp file; sync .
                done
                test "$(grep -c line file)" = 30; sed -i 's/line/LINE/' file; test "$(grep -c LINE file)" = 30
                cmp file "$backing/file"; test "$(ls -A)" = file
                """)
            bench.mount.stop()
        }

        @Test(.enabled(if: ProgramBench.has("python3"), "needs python3"))
        func pythonMapsFiles() throws {
            let bench = try ProgramBench()
            let outcome = try bench.shell(
                """
                cat > map.py <<'END'
                import mmap, os, multiprocessing
                with open("data", "wb") as f: f.truncate(1 << 20)
                f = open("data", "r+b"); m = mmap.mmap(f.fileno(), 0)
                def work(n):
                    with open("data", "r+b") as g, mmap.mmap(g.fileno(), 0) as w:
                        for page in range(n, 256, 4): w[page*4096:page*4096+5] = b"page%d" % n
                        w.flush()
                ps = [multiprocessing.Process(target=work, args=(n,)) for n in range(4)]
                [p.start() for p in ps]; [p.join() for p in ps]
                assert all(p.exitcode == 0 for p in ps)
                assert all(m[p*4096:p*4096+5] == b"page%d" % (p % 4) for p in range(256))
                m.resize(2 << 20); m[-3:] = b"end"; m.flush(); m.close(); f.close()
                data = open("data", "rb").read()
                assert len(data) == 2 << 20 and data.endswith(b"end")
                r = mmap.mmap(os.open("data", os.O_RDONLY), 0, prot=mmap.PROT_READ)
                assert r.find(b"end") == (2 << 20) - 3 and r[:] == data
                print("ok")
                END
                python3 map.py; cmp data "$backing/data"
                """)
            #expect(outcome.output == "ok\n", "\(outcome)")
            bench.mount.stop()
        }

        @Test(.enabled(if: ProgramBench.has("setpriv"), "needs setpriv"))
        func anotherUserWorksInItsOwnDirectory() throws {
            let bench = try ProgramBench()
            try bench.shell(
                """
                mkdir own root; chown 51001:51001 own; echo secret > root/secret; chmod 600 root/secret
                setpriv --reuid=51001 --regid=51001 --clear-groups /bin/sh -eu -c '
                  cd own; echo mine > file; mkdir dir; mv file dir/; ln -s dir/file link; cat link
                  cp -a dir copy; rm -r dir; chmod 600 copy/file
                  if cat ../root/secret 2>/dev/null; then exit 9; fi
                  if echo x 2>/dev/null > ../root/new; then exit 9; fi
                  if chown 0 copy/file 2>/dev/null; then exit 9; fi'
                test "$(stat -c %u:%g:%a "$backing/own/copy/file")" = 51001:51001:600
                """)
            bench.mount.stop()
        }
    }
}
