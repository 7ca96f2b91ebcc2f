/// fcntl(2)'s locks of processes and of open files, flock(2).
enum LockCases {
    static let area = ConformanceArea(
        name: "locks", cases: ofProcesses.merging(others) { one, _ in one })

    private static let ofProcesses: [String: ConformanceCase] = [
        "conflict of two processes": { d in
            d.makeFile("a", "0123456789")
            let file = d.open("a", .readWrite)
            file.lock(.write(0, 5))
            d.withCompanion { other in
                other.perform { d in
                    let file = d.open("a", .readWrite)
                    file.lock(.write(0, 5))
                    file.lock(.read(4, 1))
                    file.lock(.write(5, 5))
                    file.lockInTheWay(of: .write(0, 10))
                    file.lockInTheWay(of: .read(5, 5))
                }
                file.lockInTheWay(of: .write(0, 10))
            }
            file.lockInTheWay(of: .write(0, 10))
        },
        "read locks are shared": { d in
            d.makeFile("a")
            let file = d.open("a", .readWrite)
            file.lock(.read(0, 0))
            d.withCompanion { other in
                other.perform { d in
                    let file = d.open("a", .readWrite)
                    file.lock(.read(0, 100))
                    file.lock(.write(0, 100))
                }
                file.lock(.write(0, 10))
                file.lock(.write(100, 10))
            }
        },
        "close releases": { d in
            d.makeFile("a")
            let (one, two) = (d.open("a", .readWrite), d.open("a", .readWrite))
            one.lock(.write(0, 0))
            two.close()
            d.withCompanion { other in
                other.perform { d in d.open("a", .readWrite).lock(.write(0, 0)) }
            }
        },
        "unlock in the middle": { d in
            d.makeFile("a")
            let file = d.open("a", .readWrite)
            file.lock(.write(0, 100))
            file.lock(.none(40, 20))
            d.withCompanion { other in
                other.perform { d in
                    let file = d.open("a", .readWrite)
                    file.lockInTheWay(of: .write(0, 0))
                    file.lockInTheWay(of: .write(45, 0))
                    file.lock(.write(40, 20))
                    file.lock(.write(39, 1))
                }
            }
        },
        "upgrade and downgrade": { d in
            d.makeFile("a")
            let file = d.open("a", .readWrite)
            file.lock(.read(0, 10))
            file.lock(.write(0, 10))
            file.lock(.read(0, 5))
            d.withCompanion { other in
                other.perform { d in
                    let file = d.open("a", .readWrite)
                    file.lock(.read(0, 5))
                    file.lock(.read(5, 5))
                }
            }
        },
        "access mode": { d in
            d.makeFile("a")
            d.open("a", .readOnly).lock(.write(0, 1))
            d.open("a", .readOnly).lock(.read(0, 1))
            d.open("a", .writeOnly).lock(.read(0, 1))
            d.open("a", .writeOnly).lock(.write(0, 1))
            d.open("a", [.path]).lock(.read(0, 1))
            d.mkdir("dir")
            d.open("dir").lock(.read(0, 1))
        },
        "ranges": { d in
            d.makeFile("a")
            let file = d.open("a", .readWrite)
            file.lock(.write(-1, 1))
            file.lock(.write(10, -5))
            file.lock(.write(10, -20))
            file.lock(.write(.max, 1))
            file.lock(.write(.max - 5, 0))
            d.withCompanion { other in
                other.perform { d in
                    d.open("a", .readWrite).lockInTheWay(of: .write(0, 0))
                    d.open("a", .readWrite).lockInTheWay(of: .write(100, 0))
                }
            }
        },
        "wait for a lock": { d in
            d.makeFile("a")
            let file = d.open("a", .readWrite)
            file.lock(.write(0, 10))
            d.withCompanion { other in
                other.start { d in d.open("a", .readWrite).lock(.write(5, 10), waits: true) }
                d.pause()
                file.lock(.none(0, 10))
                other.wait()
                file.lock(.write(0, 10))
            }
        },
        "deadlock": { d in
            d.makeFile("a")
            let file = d.open("a", .readWrite)
            file.lock(.write(0, 1))
            d.withCompanion { other in
                other.perform { d in d.open("a", .readWrite).lock(.write(1, 1)) }
                other.start { d in d.open("a", .readWrite).lock(.write(0, 1), waits: true) }
                d.pause()
                file.lock(.write(1, 1), waits: true)
                file.lock(.none(0, 0))
                other.wait()
            }
        },
        "locks of an unlinked file": { d in
            d.makeFile("a")
            let file = d.open("a", .readWrite)
            file.lock(.write(0, 1))
            d.rename("a", "b")
            d.withCompanion { other in
                other.perform { d in d.open("b", .readWrite).lock(.write(0, 1)) }
            }
            d.unlink("b")
            file.lock(.none(0, 1))
            file.lock(.write(5, 5))
        },
        "a lock does not hinder reading and writing": { d in
            d.makeFile("a", "text")
            d.open("a", .readWrite).lock(.write(0, 0))
            d.withCompanion { other in
                other.perform { d in
                    let file = d.open("a", .readWrite)
                    file.pread(4, at: 0)
                    file.pwrite("T", at: 0)
                    file.truncate(2)
                }
            }
        },
    ]

    private static let others: [String: ConformanceCase] = [
        "of open files": { d in
            d.makeFile("a")
            let (one, two) = (d.open("a", .readWrite), d.open("a", .readWrite))
            one.lock(.write(0, 10), ofOpenFile: true)
            two.lock(.write(0, 10), ofOpenFile: true)
            two.lock(.read(9, 1), ofOpenFile: true)
            two.lock(.write(10, 10), ofOpenFile: true)
            two.lockInTheWay(of: .write(0, 0), ofOpenFile: true)
            one.lock(.none(0, 10), ofOpenFile: true)
            two.lock(.write(0, 10), ofOpenFile: true)
        },
        "of open files and of processes": { d in
            d.makeFile("a")
            let (one, two) = (d.open("a", .readWrite), d.open("a", .readWrite))
            one.lock(.write(0, 10), ofOpenFile: true)
            two.lock(.write(0, 10))
            one.lock(.write(0, 10))
            two.lockInTheWay(of: .write(0, 10))
            let twin = one.duplicate()
            one.close()
            two.lock(.write(0, 10))
            twin.close()
            two.lock(.write(0, 10))
        },
        "of open files, waiting": { d in
            d.makeFile("a")
            let file = d.open("a", .readWrite)
            file.lock(.write(0, 10), ofOpenFile: true)
            d.withCompanion { other in
                other.start { d in
                    d.open("a", .readWrite).lock(.read(0, 1), waits: true, ofOpenFile: true)
                }
                d.pause()
                file.close()
                other.wait()
            }
        },
        "flock": { d in
            d.makeFile("a")
            let (one, two) = (d.open("a", .readWrite), d.open("a", .readOnly))
            one.flock(2 | 4)
            two.flock(2 | 4)
            two.flock(1 | 4)
            one.flock(1 | 4)
            two.flock(1 | 4)
            one.flock(2 | 4)
            two.flock(8)
            one.flock(2 | 4)
            one.flock(64)
        },
        "flock belongs to the open file": { d in
            d.makeFile("a")
            let one = d.open("a", .readWrite)
            one.flock(2 | 4)
            let twin = one.duplicate()
            one.close()
            let two = d.open("a", .readWrite)
            two.flock(2 | 4)
            twin.close()
            two.flock(2 | 4)
        },
        "flock and fcntl do not meet": { d in
            d.makeFile("a")
            d.open("a", .readWrite).flock(2 | 4)
            d.withCompanion { other in
                other.perform { d in
                    let file = d.open("a", .readWrite)
                    file.lock(.write(0, 0))
                    file.flock(2 | 4)
                }
            }
        },
        "flock waits": { d in
            d.makeFile("a")
            let file = d.open("a", .readWrite)
            file.flock(2)
            d.withCompanion { other in
                other.start { d in d.open("a", .readOnly).flock(2) }
                d.pause()
                file.flock(8)
                other.wait()
            }
        },
        "flock of directories": { d in
            d.mkdir("dir")
            let (one, two) = (d.open("dir"), d.open("dir"))
            one.flock(2 | 4)
            two.flock(2 | 4)
        },
        "process that ends releases": { d in
            d.makeFile("a")
            d.withCompanion { other in
                other.perform { d in
                    let file = d.open("a", .readWrite)
                    file.lock(.write(0, 0))
                    file.flock(2 | 4)
                }
                d.open("a", .readWrite).lock(.write(0, 0))
                d.open("a", .readWrite).flock(2 | 4)
            }
            d.open("a", .readWrite).lock(.write(0, 0))
            d.open("a", .readWrite).flock(2 | 4)
        },
        "lease": { d in
            d.makeFile("a")
            let file = d.open("a", .readOnly)
            file.fcntl("F_SETLEASE read", 1024, 0)
            file.fcntl("F_GETLEASE", 1025, 0)
            file.fcntl("F_SETLEASE none", 1024, 2)
        },
    ]
}
