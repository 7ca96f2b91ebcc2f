import CReadWays
import Glibc

exit(unsafe read_ways(CommandLine.argc, CommandLine.unsafeArgv))
