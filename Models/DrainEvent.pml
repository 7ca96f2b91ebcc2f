/* Sources/IOStack/Bypass/Drain.swift: where a drain sleeps.
 *
 * The models include this file. DRAINERS is the number of processes that may drain; each has a
 * number. Each round of a drain sleeps on a new semaphore that it takes once, so a single bit
 * models all of them.
 */

bool sleepers[DRAINERS];
bool semaphore[DRAINERS];

#if DRAINERS == 2
#define anySleeper (sleepers[0] || sleepers[1])
#elif DRAINERS == 3
#define anySleeper (sleepers[0] || sleepers[1] || sleepers[2])
#elif DRAINERS == 4
#define anySleeper (sleepers[0] || sleepers[1] || sleepers[2] || sleepers[3])
#endif

/* Under the event's lock, so a single step. The index is the calling process' `i`. */
inline DrainEvent_signal() {
    d_step {
        i = 0;
        do
        :: i < DRAINERS ->
            semaphore[i] = semaphore[i] || sleepers[i];
            i++
        :: else -> break
        od;
        i = 0
    }
}

/* `isDrained` is one atomic load. `flag` is the gate's: a drain raises it under the lock, and
 * lowerFlags lowers it there, with the gate's other flags. */
inline DrainEvent_wait(me, isDrained, flag) {
    do
    :: (isDrained) -> break
    :: else ->
        d_step { semaphore[me] = false; sleepers[me] = true; flag = true };
#ifdef SLEEP_WITHOUT_LOOKING
        semaphore[me];
#else
        /* A read that left before the drain raised the flag did not signal. */
        if
        :: (isDrained) -> skip
        :: else -> semaphore[me]
        fi;
#endif
        d_step {
            sleepers[me] = false;
            if
            :: !anySleeper -> lowerFlags
            :: else -> skip
            fi
        }
    od
}
