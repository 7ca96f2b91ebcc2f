/* STREAM_PAUSE, STREAM_RESUME with its re-entrant QUERY, a suspension, DISABLE, ENABLE and close of
 * two handles of one stream, against reads that skip the filters.
 *
 * Which processes run is chosen by SCENARIO, see Models/check. A lock under which one word at most is
 * changed that others read without it is one step (atomic).
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

/* What the properties are about. */
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

/* The reason `bit` is set by the caller's step; this is what opening does beside clearing it. */
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
    /* Nobody has bypass, or no longer: a DISABLE may still wait for reads, and so must the pause. */
    if
    :: !held || disables != lastDisables -> settle(sleeper)
    :: else -> skip
    fi;
#endif
    /* The pause returns; it says something if nobody resumed it meanwhile. */
    atomic {
        if
        :: held && isPaused && pauseEpoch == epochOfPause ->
            pauseReturned = true;
            assert(!anyInFlight)
        :: else -> skip
        fi
    }
}

/* FileObject.queryFromTop: passes the filters one by one, with the filters' callbacks free to send
 * controls themselves: a filter that vetoes takes the chance to look at the stream's control.  */
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
    :: isClosed[asker] -> asker = 1 - asker     /* STATUS_FILE_CLOSED: the filter takes another */
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
        /* bypassedFile(of:): another open one that has bypass. */
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

/* Under the volume's `state` lock; the handle's bit goes before the count. */
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

/* A DISABLE, and a close (`ends`), which ends the handle in the same hold of the lock. */
inline disabled(drainer, fileObject, end) {
    countOut(fileObject, end);
    if
    :: held -> settle(drainer)
    :: else -> skip
    fi;
    atomic { disableReturned[fileObject] = true; assert(inFlight[fileObject] == 0) }
}

/* Sources/IOStack/Bypass/EnableTicket.swift: past the filters, one by one, and again if bypass was
 * withdrawn meanwhile. The attributes are not modelled. */
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

/* ---- Who runs ---- */

/* What a handle does after its first read. */
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

/* A handle is read by any thread, so also while another ends its bypass. */
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
    /* It changes its data: nobody may read past it until its veto ends. */
    atomic {
        filterRelies[f] = true;
        assert(!anyInFlight)
    };
    filterRelies[f] = false;
    vetoes[f] = false;
    resumeStream(h);
    ended++
}

/* Changes its mind about one handle (spec 4.3): vetoes, and sends DISABLE to the top. */
proctype Disabler(byte f; byte h) {
    bool wake, held;
    byte i;
    vetoes[f] = true;
    disabled(2 + f, h, false);
    /* Asserted by each read of the handle until an ENABLE that met no veto. */
    ended++
}

proctype CachedUser() {
    bool wake;
    byte i;
    suspendBypass(3);
    endSuspension();
    ended++
}

/* A handle's numbers of reads are bounded, the answer to "is anything lost" is not: this one reads
 * for ever, for the claim that a pause comes to its end whatever the readers do. */
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
        /* Only equality with a number read a moment ago counts, so the count may go round. */
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
    /* No lost resume: every pauser has ended its veto and resumed. */
    assert(!paused && !isPaused);
    assert(!settling && !suspended && settlingCount == 0);
    assert(count == 0 && !waiting);
    assert(bypassOpenCount == isBypassEnabled[0] + isBypassEnabled[1])
#endif
}

#if SCENARIO == 5
/* A pause that began comes to an end, with readers that never stop. */
ltl pauseEnds { [] (isPaused -> <> pauseReturned) }
ltl resumeOpens { [] (isPaused -> <> !paused) }
#endif
