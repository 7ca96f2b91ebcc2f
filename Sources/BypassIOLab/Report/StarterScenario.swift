/// The text that `bypassio lab new` writes: a scenario that passes, with every part explained.
public enum StarterScenario {
    public static let text = """
        # A scenario: a stack, and a script of operations with the answers a rule demands.
        # A line that begins with blanks belongs to the block above it. '#' begins a comment.

        scenario "An audit that needs every read refuses, then lets go"

        # The rules it proves, by their numbers in Scenarios/rules.txt.
        proves 4.3.1, 6.2

        # Where it cannot run on a mount:      only in process: REASON
        # While the stack does not obey yet:   known to fail: REASON

        # ---- The stack, top to bottom --------------------------------------------------------

        # Filters know BypassIO and see reads unless told otherwise. More properties:
        #   does not know BypassIO, legacy, sees nothing|reads|writes|everything,
        #   skips cached reads, skips non-cached reads, attached later, refuses attach,
        #   refuses detach, fails OPERATION with STATUS
        filter audit.sys
            altitude 370100
            vetoes enable, query with STATUS_NOT_SUPPORTED_WITH_AUDITING "Every read is audited."

        file system ntfs.sys

        # Volume drivers, top to bottom:  does not know BypassIO, vetoes … with … "…"
        volume driver volsnap.sys

        # The storage driver:  type NVMe, alignment 512, does not know BypassIO, vetoes …
        storage driver stornvme.sys
            type NVMe

        # Files:  size, compressed, encrypted, sparse, paging, dax, resident
        file game.pak
            size 64 KiB

        # ---- The script ----------------------------------------------------------------------
        # A step and, behind an arrow, its answers; more answers may follow on lines of their own.
        # A step without answers has to succeed.

        steps
            h1 = open game.pak noncached

            # The veto is in OpStatus; the request itself succeeds.
            h1 enable -> vetoed STATUS_NOT_SUPPORTED_WITH_AUDITING, win32 499
                -> driver audit.sys, reason "Every read is audited.", information 352
            h1 read 0 4096 -> 4096 bytes, traditional
            filter audit.sys saw 1 reads

            filter audit.sys stops vetoing
            h1 enable -> success, flags COMPATIBLE_STORAGE_DRIVER
            h1 read 0 4096 -> 4096 bytes, full bypass
            filter audit.sys saw 1 reads

            # A read that the storage holds keeps a pause waiting: it drains.
            storage holds reads
            start r: h1 read 4096 4096
            wait until storage holds 1 read
            start p: filter audit.sys sends stream-pause on h1
            p is still waiting
            storage releases reads
            r returned -> 4096 bytes, full bypass
            p returned -> success, flags STREAM_BYPASS_PAUSED
            h1 get-info -> count 1, storage-driver stornvme.sys

        """
}
