/* Sources/FUSE/Session/Attendance.swift: which of a session's threads waits for the kernel's
 * next request.
 *
 * The kernel has REQUESTS requests. Work on BLOCKS of them, or the disk for which they wait,
 * lasts until another request is taken. If no thread takes a request, everything stops, and the
 * last process finds that. At most THREADS threads run; one does at the start.
 *
 * SCENARIO 1: during and after a burst of names. 2: a carrier takes reads from a disk that
 * answers. 3: the same with a disk that may not answer. 4: all three.
 */

#ifndef THREADS
#define THREADS 4
#endif
#ifndef REQUESTS
#define REQUESTS 3
#endif
#ifndef BLOCKS
#define BLOCKS 2
#endif

/* The two counts, and the reserve's counts under its lock. */
byte waiting = 1, carriers;
byte sleepers, calls;
bool reserveIsLocked;

/* Session.workers, and the carriers that the watch sees. */
byte running = 1;
bool isCarrier[THREADS + 1];

/* BurstWarden.isBurst: the warden sets it when a burst begins. */
bool isBurst;

/* The kernel's queue, and variables of the properties. */
byte sent, queued, taken;
byte blocks = BLOCKS;

#define allTaken (taken == REQUESTS)

/* ---- Sources/FUSE/Session/Reserve.swift ---- */

/* Under the reserve's lock, so a single step. */
inline Reserve_call() {
    atomic {
        !reserveIsLocked;
        isCalled = sleepers > calls;
        calls = calls + isCalled
    }
}

/* ---- Sources/FUSE/Session/Session.swift: startAnother ---- */

/* The caller has counted the thread as waiting already. */
inline startAnother() {
    if
    :: atomic { running < THREADS -> running++; run Thread(running) }
    :: else ->
        /* Attendance.callInstead */
#if defined(NO_CALL_INSTEAD)
        waiting--
#elif defined(COUNT_OUT_LATER)
        Reserve_call();
        if
        :: isCalled -> skip
        :: else -> waiting--
        fi
#else
        atomic {
            !reserveIsLocked;
            if
            :: sleepers > calls -> calls++
            :: else -> waiting--
            fi
        }
#endif
    fi
}

/* ---- Sources/FUSE/Session/Attendance.swift ---- */

inline ensure(byCarrier) {
    if
    :: waiting > 0 -> skip
    :: else ->
        if
        :: byCarrier && carriers > 0 -> skip
        :: else ->
            if
            :: atomic { waiting == 0 -> waiting = 1 };
                Reserve_call();
                if
                :: isCalled -> skip
                :: else -> startAnother()
                fi
            :: else -> skip
            fi
        fi
    fi
}

/* Sleeps, if another thread waits; the thread counts as waiting afterwards. */
inline rest() {
#ifdef SLEEP_WITHOUT_LOOKING
    sleeps = carriers > 0;
    if
    :: !sleeps && !movedData && isBurst -> sleeps = waiting > 0
    :: else -> skip
    fi;
    atomic { !reserveIsLocked -> reserveIsLocked = true };
#else
    atomic { !reserveIsLocked -> reserveIsLocked = true };
    sleeps = carriers > 0;
    if
    :: !sleeps && !movedData && isBurst -> sleeps = waiting > 0
    :: else -> skip
    fi;
#endif
    if
    :: sleeps ->
        d_step { sleepers++; reserveIsLocked = false };
end_asleep:
        /* The calling thread has counted this thread. */
        atomic { calls > 0 && !reserveIsLocked -> calls--; sleepers-- }
    :: else ->
        reserveIsLocked = false;
        waiting++
    fi
}

/* ---- a thread ---- */

/* Work on a request, of any duration. */
inline work() {
    if
    :: true
    :: atomic { blocks > 0 -> blocks-- }; allTaken
    fi
}

/* Counts out as a carrier, unless the watch has done so. */
inline resign() {
    if
    :: atomic { isCarrier[me] -> isCarrier[me] = false }; carriers--
    :: else -> skip
    fi
}

proctype Thread(byte me) {
    bool isCalled, sleeps, movedData, isStuck;
    do
    :: true ->
end_waiting:
        atomic { queued > 0 -> queued--; taken++; movedData = true };
        waiting--;
        if
#if SCENARIO == 1 || SCENARIO == 4
        :: isBurst ->
            /* A name: no other thread takes the next request, because this thread will be back
               in a moment. */
            movedData = false;
            work()
#endif
        :: true ->
            ensure(false);
            work()
#if SCENARIO != 1
        :: carriers > 0 ->
            /* A read that no carrier takes. */
            ensure(true);
            work()
        :: carriers == 0 ->
            atomic { carriers++; isCarrier[me] = true };
#if SCENARIO > 2
            if
            :: true
            :: atomic { blocks > 0 -> blocks--; isStuck = true }
            fi;
#endif
            do
            :: !isCarrier[me] ->
                /* Dismissed: it waits for the disk alone. */
                !isStuck || allTaken;
                break
            :: isCarrier[me] ->
                if
                :: atomic { queued > 0 -> queued--; taken++ };
                    if
                    :: true     /* a further read */
                    :: !isStuck ->
                        /* Another request: it answers its reads first. */
#ifdef CALL_BEFORE_RESIGNING
                        ensure(true);
                        resign();
#else
                        resign();
                        ensure(false);
#endif
                        work();
                        break
                    :: isStuck ->
                        /* The same when the disk does not answer: other threads carry the
                           request. */
                        resign();
                        ensure(false);
                        allTaken;
                        break
                    fi
                :: else ->
                    if
                    :: !isStuck || allTaken -> break
                    :: waiting > 0 ->
                        /* Another thread waits for requests. */
                        !isStuck || allTaken || !isCarrier[me]
                    :: else ->
                        waiting++;
                        queued > 0 || !isStuck || allTaken || !isCarrier[me];
                        waiting--
                    fi
                fi
            od;
            isStuck = false;
            resign()
#endif
        fi;
        rest()
    od
}

/* ---- periodic checks ---- */

#define maySend (sleepers > calls || running < THREADS)

/* Session.look: no request depends on a carrier that waits for the disk. */
#if SCENARIO > 2 && !defined(NO_WATCH)
active proctype Watch() {
    bool isCalled;
end_watch:
    do
    :: waiting == 0 && (carriers > 0 || maySend) ->
        if
        :: atomic { isCarrier[1] -> isCarrier[1] = false }; carriers--
        :: atomic { isCarrier[2] -> isCarrier[2] = false }; carriers--
#if THREADS > 2
        :: atomic { isCarrier[3] -> isCarrier[3] = false }; carriers--
#endif
        :: else -> skip
        fi;
        ensure(true)
    od
}
#endif

/* Sources/FUSE/Burst/BurstWarden.swift */
#if SCENARIO == 1 || SCENARIO == 4
active proctype Warden() {
    bool isCalled, isAlone;
    if
    :: true -> goto end_idle
    :: true
    fi;
    isBurst = true;
    do
    :: waiting == 0 && carriers == 0 && maySend -> ensure(true)
    :: true -> break
    od;
#ifdef LOOK_BEFORE_THE_END
    isAlone = waiting == 0;
    isBurst = false;
#else
    isBurst = false;
    isAlone = waiting == 0;
#endif
    if
    :: isAlone -> ensure(true)
    :: else -> skip
    fi;
end_idle:
    false
}
#endif

active proctype Kernel() {
    do
    :: atomic { sent < REQUESTS -> sent++; queued++ }
    :: atomic { sent == REQUESTS -> break }
    od
}

init { run Thread(1) }

/* At the end every request was taken, and the counts are exact. */
active proctype Found() {
end_found:
    timeout ->
    assert(allTaken);
    assert(waiting + sleepers - calls == running);
    assert(carriers == 0)
}
