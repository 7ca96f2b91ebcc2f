/* Sources/IOStack/Bypass/DrainEvent.swift: where a drain sleeps.
 *
 * Included by the models. DRAINERS is how many processes may drain; each has a number. Every round of
 * a drain sleeps on a semaphore of its own, so one bit for it is enough: it is taken once.
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

/* Under the event's lock, so one step. The index runs in the calling process' `i`. */
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

/* `isDrained` is one atomic load. `flag` is the gate's: raised under the lock, and lowered there, with
 * the gate's other flags, by lowerFlags. */
inline DrainEvent_wait(me, isDrained, flag) {
    do
    :: (isDrained) -> break
    :: else ->
        d_step { semaphore[me] = false; sleepers[me] = true; flag = true };
#ifdef SLEEP_WITHOUT_LOOKING
        semaphore[me];
#else
        /* A read that left before the flag was up saw no flag. */
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
