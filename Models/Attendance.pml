/* Sources/FUSE/Session/Attendance.swift: which of a session's threads waits for the kernel's next request.
 *
 * The kernel has REQUESTS requests. Work on BLOCKS of them, or the disk they wait for, takes as long as
 * another request is not taken: if one is left to nobody, nothing goes on, and the last process finds it.
 * At most THREADS threads run; one does at the start.
 *
 * SCENARIO 1: in and after a burst of names. 2: reads that a carrier takes from a disk that answers. 3: the same
 * from a disk that may not answer. 4: all of it.
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

/* The two counts, and the reserve's under its lock. */
byte waiting = 1, carriers;
byte sleepers, calls;
bool reserveIsLocked;

/* Session.workers, and what the watch sees of the one carrier. */
byte running = 1;
bool isCarrier[THREADS + 1];

/* BurstWarden.isBurst: set by whoever begins. */
bool isBurst;

/* The kernel's queue, and what the properties are about. */
byte sent, queued, taken;
byte blocks = BLOCKS;

#define allTaken (taken == REQUESTS)

/* ---- Sources/FUSE/Session/Reserve.swift ---- */

/* Under the reserve's lock, so one step. */
inline Reserve_call() {
    atomic {
        !reserveIsLocked;
        isCalled = sleepers > calls;
        calls = calls + isCalled
    }
}

/* ---- Sources/FUSE/Session/Session.swift: startAnother ---- */

/* The thread is counted as waiting already. */
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

/* Sleeps, if others wait; counted as waiting afterwards. */
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
        /* Whoever calls has counted it. */
        atomic { calls > 0 && !reserveIsLocked -> calls--; sleepers-- }
    :: else ->
        reserveIsLocked = false;
        waiting++
    fi
}

/* ---- a thread ---- */

/* Work on a request, which may take as long as it likes. */
inline work() {
    if
    :: true
    :: atomic { blocks > 0 -> blocks-- }; allTaken
    fi
}

/* Counts out as a carrier, unless the watch did. */
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
            /* A name: the next request is left to nobody, for this thread is back in a moment. */
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
                    :: true     /* one more read */
                    :: !isStuck ->
                        /* Something else: it answers its reads first. */
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
                        /* The same where the disk does not answer: others carry it. */
                        resign();
                        ensure(false);
                        allTaken;
                        break
                    fi
                :: else ->
                    if
                    :: !isStuck || allTaken -> break
                    :: waiting > 0 ->
                        /* Somebody else looks after requests. */
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

/* ---- those that look now and then ---- */

#define maySend (sleepers > calls || running < THREADS)

/* Session.look: nobody relies on a carrier that waits for the disk. */
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

/* Nothing goes on any more: every request was taken, and the counts are exact. */
active proctype Found() {
end_found:
    timeout ->
    assert(allTaken);
    assert(waiting + sleepers - calls == running);
    assert(carriers == 0)
}
