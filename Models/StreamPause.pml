/* STREAM_PAUSE, STREAM_RESUME with its re-entrant QUERY, a suspension, DISABLE, ENABLE and close
 * of two handles of one stream, against reads that skip the filters.
 *
 * SCENARIO chooses the processes, see Models/check. Holding a lock is a single step (atomic) if
 * it changes at most one word that others read without the lock.
 */

#define HANDLES 2
#define FILTERS 2
#define DRAINERS 4
#define lowerFlags waiting = false
#include "DrainEvent.pml"

/* Sources/IOStack/Bypass/BypassStream.swift: BypassStream.Control, under the lock `control`. */
byte bypassOpenCount = HANDLES;
byte pauseEpoch;
bool isPaused;
byte settlingCount;
byte lastDisables;
bool controlIsLocked;

/* Sources/IOStack/Bypass/BypassVolume.swift: the lock `state`, outside of `control`. */
bool stateIsLocked;

/* Sources/IOStack/Bypass/BypassHandle.swift: two bits of `word`. */
bool isBypassEnabled[HANDLES] = true;
bool isClosed[HANDLES];
byte disablesOf[HANDLES];

/* Sources/IOStack/Bypass/StreamGate.swift: one word. */
byte count;
bool paused, settling, suspended;
bool waiting;
#define closedAll (paused || settling || suspended)

/* A filter vetoes ENABLE and QUERY while it has a reason. */
bool vetoes[FILTERS];

/* Variables of the properties. */
byte inFlight[HANDLES];
bool pauseReturned;                 /* since the gate was last opened for .paused */
bool suspensionReturned;
bool disableReturned[HANDLES];
bool filterRelies[FILTERS];         /* from its pause's return until its veto ends */
byte ended;
#define anyInFlight (inFlight[0] + inFlight[1] > 0)

/* ---- Sources/IOStack/Bypass/StreamGate.swift ---- */

inline StreamGate_leave() {
    d_step { count--; wake = waiting && count == 0 };
    if
    :: wake -> DrainEvent_signal()
    :: else -> skip
    fi
}

inline StreamGate_enter() {
    if
    :: closedAll -> entered = false
    :: else ->
#ifdef COUNT_WITHOUT_LOOKING
        d_step { count++; entered = true }
#else
        d_step { entered = !closedAll; count++ };
        if
        :: !entered -> StreamGate_leave()
        :: else -> skip
        fi
#endif
    fi
}

/* Opens the gate for the reason .paused, and wakes the drains. */
inline StreamGate_openPaused() {
    d_step { paused = false; pauseReturned = false; wake = waiting };
    if
    :: wake -> DrainEvent_signal()
    :: else -> skip
    fi
}

inline StreamGate_drain(number, reason) {
    DrainEvent_wait(number, count == 0 || !reason, waiting)
}

/* ---- Sources/IOStack/Bypass/BypassVolume+Entrance.swift: enter, leave, and the read between them ---- */

inline read(file) {
    entered = false;
    if
    :: isBypassEnabled[file] && !isClosed[file] ->
        StreamGate_enter();
        if
        :: entered ->
#ifndef NO_LOOK_AFTER_GATE
            if
            :: isBypassEnabled[file] && !isClosed[file] -> skip
            :: else -> entered = false; StreamGate_leave()
            fi
#endif
        :: else -> skip
        fi
    :: else -> skip
    fi;
    if
    :: entered ->
        atomic {
            inFlight[file]++;
            assert(!pauseReturned && !suspensionReturned && !disableReturned[file]);
            assert(!filterRelies[0] && !filterRelies[1])
        };
        inFlight[file]--;
        StreamGate_leave()
    :: else -> skip
    fi
}

/* ---- Sources/IOStack/Bypass/BypassVolume+Enable.swift: settle ---- */

inline settle(settler) {
    atomic { !controlIsLocked -> settlingCount++; settling = true };
#ifndef NO_SETTLE_DRAIN
    StreamGate_drain(settler, settling);
#endif
    atomic {
        !controlIsLocked;
        settlingCount--;
        if
        :: settlingCount == 0 ->
            settling = false;
            if
            :: waiting -> DrainEvent_signal()
            :: else -> skip
            fi
        :: else -> skip
        fi
    }
}

/* ---- Sources/IOStack/Bypass/BypassVolume+Pause.swift ---- */

inline pausedStream(sleeper) {
    atomic {
        !controlIsLocked;
        held = bypassOpenCount > 0;
        pauseEpoch++;
        if
        :: held ->
            isPaused = true;
#ifndef CLOSE_AFTER_DRAIN
            paused = true
#endif
        :: else -> skip
        fi;
        epochOfPause = pauseEpoch;
        disables = lastDisables
    };
#ifndef NO_DRAIN
    if
    :: held -> StreamGate_drain(sleeper, paused)
    :: else -> skip
    fi;
#endif
#ifdef CLOSE_AFTER_DRAIN
    if
    :: held -> paused = true
    :: else -> skip
    fi;
#endif
#ifndef PAUSE_ENDED_BY_DISABLE
    /* No file has bypass, or no longer: a DISABLE may still wait for reads, and so must the
       pause. */
    if
    :: !held || disables != lastDisables -> settle(sleeper)
    :: else -> skip
    fi;
#endif
    /* The pause returns. Its guarantee holds only if no filter has resumed the stream meanwhile. */
    atomic {
        if
        :: held && isPaused && pauseEpoch == epochOfPause ->
            pauseReturned = true;
            assert(!anyInFlight)
        :: else -> skip
        fi
    }
}

/* FileObject.queryFromTop: passes the filters one by one. A filter's callback may send controls
 * itself: a filter that vetoes also takes the stream's control lock. */
inline queryFromTop(file) {
    if
    :: isClosed[file] -> isSuccess = false
    :: else ->
        isSuccess = true;
        if
        :: vetoes[1] -> isSuccess = false; atomic { !controlIsLocked -> skip }
        :: else -> skip
        fi;
        if
        :: !isSuccess -> skip
        :: isSuccess && vetoes[0] -> isSuccess = false; atomic { !controlIsLocked -> skip }
        :: else -> skip
        fi
    fi
}

inline resumeStream(file) {
    asker = file;
    if
    :: isClosed[asker] -> asker = 1 - asker     /* STATUS_FILE_CLOSED: asks through the other */
    :: else -> skip
    fi;
    do
    :: true ->
        atomic {
            !controlIsLocked;
            epoch = pauseEpoch; held = isPaused;
#ifdef QUERY_UNDER_LOCK
            controlIsLocked = held
#endif
        };
        if
        :: !held -> break
        :: else -> skip
        fi;
        queryFromTop(asker);
#ifdef QUERY_UNDER_LOCK
        controlIsLocked = false;
#endif
        /* bypassedFile(of:): another open file that has bypass. */
        atomic {
            found = false;
            if
#ifdef NO_OTHER_ASKER
            :: false ->
#else
            :: isClosed[asker] ->
#endif
                !stateIsLocked;
                i = 0;
                do
                :: i < HANDLES ->
                    if
                    :: isBypassEnabled[i] && !isClosed[i] -> asker = i; found = true; break
                    :: else -> i++
                    fi
                :: else -> break
                od;
                i = 0
            :: else -> skip
            fi
        };
        if
        :: found -> skip
        :: !found && !isSuccess -> break
        :: else ->
            atomic {
                !controlIsLocked;
#ifdef NO_EPOCH
                if
                :: true ->
#else
                if
                :: pauseEpoch == epoch ->
#endif
                    isPaused = false;
                    StreamGate_openPaused();
                    break
#ifndef NO_EPOCH
                :: else -> skip
#endif
                fi
            }
        fi
    od;
    epoch = 0; asker = 0; found = false
}

/* suspendBypass, endSuspension */
inline suspendBypass(sleeper) {
    suspended = true;
#ifndef NO_SUSPENSION_DRAIN
    StreamGate_drain(sleeper, suspended);
#endif
    atomic { suspensionReturned = true; assert(!anyInFlight) }
}

inline endSuspension() {
    d_step { suspended = false; suspensionReturned = false; wake = waiting };
    if
    :: wake -> DrainEvent_signal()
    :: else -> skip
    fi
}

/* ---- Sources/IOStack/Bypass/BypassVolume+Enable.swift ---- */

/* Under the volume's `state` lock; the handle's bit changes before the count. */
inline countOut(file, ends) {
    atomic {
        !stateIsLocked ->
        stateIsLocked = true;
        isClosed[file] = isClosed[file] || ends;
        disablesOf[file] = disablesOf[file] + !ends
    };
    atomic {
        held = isBypassEnabled[file];
        isBypassEnabled[file] = false
    };
    if
    :: held ->
        atomic {
            !controlIsLocked;
            bypassOpenCount--;
            if
            :: bypassOpenCount == 0 -> lastDisables++
            :: else -> skip
            fi;
            if
            :: bypassOpenCount == 0 && isPaused ->
                isPaused = false;
                StreamGate_openPaused()
            :: else -> skip
            fi
        }
    :: else -> skip
    fi;
    stateIsLocked = false
}

/* A DISABLE, and a close (`ends`), which ends the handle while it holds the lock. */
inline disabled(drainer, fileObject, end) {
    countOut(fileObject, end);
    if
    :: held -> settle(drainer)
    :: else -> skip
    fi;
    atomic { disableReturned[fileObject] = true; assert(inFlight[fileObject] == 0) }
}

/* Sources/IOStack/Bypass/BypassVolume+Enable.swift: passes the filters one by one, and passes them
 * again if bypass was withdrawn meanwhile. The model leaves out the attributes. */
inline enable(file) {
    do
    :: true ->
        atomic { !controlIsLocked -> epoch = pauseEpoch };
        disables = disablesOf[file];
        isSuccess = !vetoes[1];
        isSuccess = isSuccess && !vetoes[0];
        found = false;
        if
        :: isSuccess ->
            atomic { !stateIsLocked -> stateIsLocked = true };
            if
            :: !isClosed[file] && !isBypassEnabled[file] ->
                atomic {
                    !controlIsLocked ->
#ifndef NO_ASKING_AGAIN
                    found = epoch != pauseEpoch || disables != disablesOf[file];
#endif
                    bypassOpenCount = bypassOpenCount + !found
                };
                if
                :: !found ->
                    atomic { disableReturned[file] = false; isBypassEnabled[file] = true }
                :: else -> skip
                fi
            :: else -> skip
            fi;
            stateIsLocked = false
        :: else -> skip
        fi;
        if
        :: found -> skip
        :: else -> break
        fi
    od;
    epoch = 0; disables = 0; found = false
}

/* ---- processes ---- */

/* A handle's second action, after its first read. */
#define READS 0
#define DISABLES 1
#define CLOSES 2
#define ENABLES_AGAIN 3

proctype Handle(byte h; byte last) {
    bool entered, wake, held, isSuccess, found;
    byte i, epoch, disables;
    read(h);
    if
    :: last == READS -> read(h)
    :: last == DISABLES -> read(h); disabled(h, h, false)
    :: last == CLOSES -> disabled(h, h, true)
    :: last == ENABLES_AGAIN -> disabled(h, h, false); enable(h); read(h)
    fi;
    ended++
}

/* Any thread may read through a handle, also while another thread ends its bypass. */
proctype Reader(byte h) {
    bool entered, wake;
    byte i;
    read(h);
    ended++
}

proctype Filter(byte f; byte h) {
    bool wake, held, isSuccess, found;
    byte i, epoch, epochOfPause, asker, disables;
    vetoes[f] = true;
    pausedStream(2 + f);
    /* The filter changes its data: no read may skip it until its veto ends. */
    atomic {
        filterRelies[f] = true;
        assert(!anyInFlight)
    };
    filterRelies[f] = false;
    vetoes[f] = false;
    resumeStream(h);
    ended++
}

/* Refuses one handle later (spec 4.3): vetoes, and sends DISABLE to the top. */
proctype Disabler(byte f; byte h) {
    bool wake, held;
    byte i;
    vetoes[f] = true;
    disabled(2 + f, h, false);
    /* Each read of the handle asserts it, until an ENABLE without a veto. */
    ended++
}

proctype CachedUser() {
    bool wake;
    byte i;
    suspendBypass(3);
    endSuspension();
    ended++
}

/* The other readers read a bounded number of times. This one reads for ever, for the claim that
 * a pause ends whatever the readers do. */
proctype EndlessReader(byte h) {
    bool entered, wake;
    byte i;
endless:
    do
    :: read(h)
    od
}

proctype EndlessPauser(byte f) {
    bool wake, held, isSuccess, found;
    byte i, epoch, epochOfPause, asker, disables;
endless:
    do
    :: pausedStream(2 + f);
progress:
        resumeStream(0);
        /* The code compares the count only with a recent value, so the count may wrap around. */
        pauseEpoch = 0
    od
}

init {
    atomic {
#if SCENARIO == 1      /* reads against two pausing filters */
        run Handle(0, READS); run Handle(1, READS); run Filter(0, 0); run Filter(1, 1);
#elif SCENARIO == 2    /* DISABLE and close against a pausing filter */
        run Handle(0, DISABLES); run Handle(1, CLOSES); run Filter(0, 1); run Reader(0);
#elif SCENARIO == 3    /* a suspension and a pause at once */
        run Handle(0, READS); run Handle(1, DISABLES); run Filter(0, 0); run CachedUser();
#elif SCENARIO == 4    /* DISABLE and ENABLE again, and the asker's close */
        run Handle(0, ENABLES_AGAIN); run Handle(1, CLOSES); run Filter(0, 1);
#elif SCENARIO == 6    /* a DISABLE by a filter that vetoes from now on, against ENABLE */
        run Handle(0, ENABLES_AGAIN); run Disabler(0, 0); run Reader(1);
#elif SCENARIO == 5    /* liveness */
        run EndlessReader(0); run EndlessReader(1); run EndlessPauser(0);
#endif
    };
#if SCENARIO != 5
#if SCENARIO == 4 || SCENARIO == 6
    ended == 3;
#else
    ended == 4;
#endif
    /* No resume is lost: every pauser has ended its veto and resumed. */
    assert(!paused && !isPaused);
    assert(!settling && !suspended && settlingCount == 0);
    assert(count == 0 && !waiting);
    assert(bypassOpenCount == isBypassEnabled[0] + isBypassEnabled[1])
#endif
}

#if SCENARIO == 5
/* A pause that began ends, although readers never stop. */
ltl pauseEnds { [] (isPaused -> <> pauseReturned) }
ltl resumeOpens { [] (isPaused -> <> !paused) }
#endif
