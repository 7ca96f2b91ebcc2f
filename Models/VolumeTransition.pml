/* The volume's count of bypass-enabled file objects, its transitions from 0 to 1 and back, and
 * the controls that they send to the volume and storage drivers; VOLUME_STACK_PAUSE and RESUME;
 * and the attach of a filter that did not opt in; against reads that skip filters, volume
 * drivers, or both.
 *
 * Two handles of two streams. StreamPause.pml models the stream's gate. Here a DISABLE waits for
 * the handle's reads that skip the filters, and a handle checks its bit again after it counted
 * in.
 */

#define HANDLES 2
#define DRAINERS 3
#define lowerFlags waitingForFilters = false; waitingForStorage = false
#include "DrainEvent.pml"

/* Sources/IOStack/Bypass/BypassVolume.swift: State, under the lock `state`. */
bool stateIsLocked;
byte activeBypassCount;
byte storagePauseEpoch;

/* storageTransition: the lock and the value it protects. */
bool transitionIsLocked;
bool isStorageEnabled;

/* Sources/IOStack/Bypass/BypassHandle.swift */
bool isBypassEnabled[HANDLES];

/* Sources/IOStack/Bypass/VolumeGate.swift: one word, two counts. */
byte filterCount, storageCount;
bool storagePaused, filtersBlocked;
bool storageRefused = true;
bool storageIdle = true;
bool waitingForFilters, waitingForStorage;
#define closedStorage (storagePaused || storageRefused || storageIdle)
#define closedAll (closedStorage || filtersBlocked)

/* Sources/IOStack/Bypass/StreamGate.swift, its count only. */
byte streamCount[HANDLES];

/* A volume driver vetoes a QUERY. */
bool driverVetoes;

/* Variables of the properties. */
bool isTold;                        /* the drivers' last control: ENABLE or DISABLE */
byte pastFilters, pastDrivers;      /* reads in flight, by the layers they skip */
bool pauseReturned, attachReturned;
byte ended;

/* ---- Sources/IOStack/Bypass/VolumeGate.swift ---- */

inline VolumeGate_leave(filter, storage) {
    d_step {
        filterCount = filterCount - filter;
        storageCount = storageCount - storage;
        wake = (waitingForFilters && filterCount == 0) || (waitingForStorage && storageCount == 0)
    };
    if
    :: wake -> DrainEvent_signal()
    :: else -> skip
    fi
}

/* The route: whether the read skips filters, and whether it skips volume drivers. */
inline VolumeGate_enter() {
    /* A single relaxed load, two conditions. */
    atomic {
        skipsFilters = !filtersBlocked;
        skipsDrivers = skipsFilters && !closedStorage
    };
    if
    :: !skipsFilters -> skip
    :: skipsFilters && !skipsDrivers ->
        d_step { skipsFilters = !filtersBlocked; filterCount++ };
        if
        :: !skipsFilters -> VolumeGate_leave(1, 0)
        :: else -> skip
        fi
    :: else ->
#ifdef COUNT_WITHOUT_LOOKING
        d_step { filterCount++; storageCount++ }
#else
        d_step {
            skipsFilters = !filtersBlocked; skipsDrivers = !closedAll;
            filterCount++; storageCount++
        };
        if
        :: !skipsFilters -> VolumeGate_leave(1, 1)
        :: skipsFilters && !skipsDrivers -> VolumeGate_leave(0, 1)
        :: else -> skip
        fi
#endif
    fi
}

/* A read that went through the filters. */
inline VolumeGate_enterStorage() {
    skipsFilters = false;
    skipsDrivers = !closedAll;
    if
    :: skipsDrivers ->
        d_step { skipsDrivers = !closedAll; storageCount++ };
        if
        :: !skipsDrivers -> VolumeGate_leave(0, 1)
        :: else -> skip
        fi
    :: else -> skip
    fi
}

inline VolumeGate_openedBits() {
    if
    :: waitingForFilters || waitingForStorage -> DrainEvent_signal()
    :: else -> skip
    fi
}

inline drainStorage(me, reason) {
    DrainEvent_wait(me, storageCount == 0 || !reason, waitingForStorage)
}

/* ---- Sources/IOStack/Bypass/BypassVolume+Entrance.swift: a read ---- */

inline transfer() {
    atomic {
        pastFilters = pastFilters + skipsFilters;
        pastDrivers = pastDrivers + skipsDrivers;
        assert(!skipsFilters || !attachReturned);
        assert(!skipsDrivers || (isTold && !pauseReturned && !attachReturned))
    };
    atomic {
        pastFilters = pastFilters - skipsFilters;
        pastDrivers = pastDrivers - skipsDrivers;
        skip
    }
}

inline read(file, isPaused) {
    skipsFilters = false; skipsDrivers = false;
    if
    :: isPaused ->
        /* enterStorageBypass: the stream is paused, so the read does not enter the stream's
           gate. */
        if
        :: isBypassEnabled[file] -> VolumeGate_enterStorage()
        :: else -> skip
        fi;
        transfer();
        if
        :: skipsDrivers -> VolumeGate_leave(0, 1)
        :: else -> skip
        fi
    :: else ->
        if
        :: isBypassEnabled[file] ->
            streamCount[file]++;
            if
            :: isBypassEnabled[file] -> VolumeGate_enter()
            :: else -> skip
            fi;
            transfer();
            if
            :: skipsFilters -> VolumeGate_leave(skipsFilters, skipsDrivers)
            :: else -> skip
            fi;
            streamCount[file]--
        :: else -> skip
        fi
    fi;
    skipsFilters = false; skipsDrivers = false
}

/* ---- Sources/IOStack/Bypass/BypassVolume+Storage.swift ---- */

/* IOCTL_STORAGE_MANAGE_BYPASS_IO ENABLE; either answer, if the scenario has drivers that refuse. */
inline tellEnable() {
    assert(!isTold || storageRefused);
    isTold = true;
    isSuccess = true;
#ifdef WITH_REFUSAL
    if
    :: isSuccess = true
    :: isSuccess = false
    fi
#endif
}

inline tellDisable() {
    atomic {
        assert(isTold && pastDrivers == 0);
        isTold = false
    }
}

inline reconcileStorage(number) {
    do
    :: true ->
#ifndef NO_TRANSITION_LOCK
        atomic { !transitionIsLocked -> transitionIsLocked = true };
#endif
        /* While `state` is held once, the code reads the storage count and the bits of the
           gate's word. */
        atomic {
            !stateIsLocked;
            isWanted = activeBypassCount > 0;
#ifndef NO_REFUSAL_ON_IDLE
#ifdef REFUSED_WHILE_BUSY
            storageRefused = storageRefused || !isWanted;
#else
            storageRefused = storageRefused || (!isWanted && storageCount == 0);
#endif
#endif
#ifdef TOLD_WITHOUT_COUNTING
            mustDrain = false
#else
            mustDrain = !isWanted && storageCount > 0 && isStorageEnabled
#endif
        };
        if
        :: mustDrain ->
#ifdef DRAIN_UNDER_LOCK
            drainStorage(number, storageIdle);
#endif
            transitionIsLocked = false
        :: else ->
            if
            :: isWanted && !isStorageEnabled ->
                isStorageEnabled = true;
                tellEnable();
                if
                :: isSuccess -> atomic { storageRefused = false; VolumeGate_openedBits() }
                :: else -> skip
                fi
            :: !isWanted && isStorageEnabled -> isStorageEnabled = false; tellDisable()
            :: else -> skip
            fi;
            transitionIsLocked = false;
            break
        fi;
#ifndef DRAIN_UNDER_LOCK
        drainStorage(number, storageIdle)
#endif
    od
}

inline enable(sleeper, file) {
    atomic {
        !stateIsLocked -> stateIsLocked = true;
        activeBypassCount++;
        if
        :: activeBypassCount == 1 -> storageIdle = false; VolumeGate_openedBits()
        :: else -> skip
        fi
    };
    isBypassEnabled[file] = true;
    stateIsLocked = false;
    reconcileStorage(sleeper);
#ifndef WITH_REFUSAL
    /* No driver refused, so reads may skip the drivers as long as this handle has bypass. */
    assert(!isBypassEnabled[file] || !storageRefused)
#endif
}

inline countOut(handle) {
    atomic { !stateIsLocked -> stateIsLocked = true; isBypassEnabled[handle] = false };
    atomic {
        activeBypassCount--;
        if
        :: activeBypassCount == 0 -> storageIdle = true
        :: else -> skip
        fi
    };
    stateIsLocked = false
}

inline disabled(sleeper, file) {
    countOut(file);
#ifndef NO_SETTLE
    streamCount[file] == 0;         /* settle */
#endif
#ifdef TOLD_WITHOUT_COUNTING
    drainStorage(sleeper, storageIdle);
#endif
    reconcileStorage(sleeper)
}

/* ---- Sources/IOStack/Bypass/BypassVolume+Storage.swift ---- */

inline pausedVolumeStack(sleeper) {
    atomic { !stateIsLocked -> storagePauseEpoch++; storagePaused = true; epoch = storagePauseEpoch };
#ifndef NO_DRAIN
    drainStorage(sleeper, storagePaused);
#endif
    atomic {
        if
        :: storagePaused && storagePauseEpoch == epoch ->
            pauseReturned = true;
            assert(pastDrivers == 0)
        :: else -> skip
        fi
    }
}

inline resumeVolumeStack() {
    atomic { !transitionIsLocked -> transitionIsLocked = true };
    do
    :: true ->
        atomic { !stateIsLocked -> epoch = storagePauseEpoch };
        /* The drivers' answer to a QUERY, and to an ENABLE after they refused an earlier one. */
        isSuccess = !driverVetoes;
        if
        :: isSuccess && isStorageEnabled && storageRefused -> tellEnable()
        :: else -> skip
        fi;
        if
        :: !isSuccess -> break
        :: else -> skip
        fi;
        atomic {
            !stateIsLocked;
            if
#ifdef NO_EPOCH
            :: true ->
#else
            :: storagePauseEpoch == epoch ->
#endif
                storagePaused = false;
                storageRefused = storageRefused && !isStorageEnabled;
                pauseReturned = false;
                VolumeGate_openedBits();
                break
#ifndef NO_EPOCH
            :: else -> skip
#endif
            fi
        }
    od;
    transitionIsLocked = false
}

/* ---- Sources/IOStack/Volume/Volume.swift: attach and detach of a filter that did not opt in ---- */

inline attach(sleeper) {
    filtersBlocked = true;
#ifndef NO_ATTACH_DRAIN
    DrainEvent_wait(sleeper, filterCount == 0 || !filtersBlocked, waitingForFilters);
    drainStorage(sleeper, filtersBlocked);
#endif
    atomic { attachReturned = true; assert(pastFilters == 0 && pastDrivers == 0) }
}

inline detach() {
    atomic { attachReturned = false; filtersBlocked = false; VolumeGate_openedBits() }
}

/* ---- processes ---- */

proctype Handle(byte h) {
    bool wake, isWanted, mustDrain, isSuccess;
    byte i;
    enable(h, h);
    disabled(h, h);
    ended++
}

/* A process of its own, because any thread may read through a handle. */
proctype Reader(byte h; bool isPaused) {
    bool wake, skipsFilters, skipsDrivers;
    byte i;
    read(h, isPaused);
    read(h, isPaused);
    ended++
}

/* A reader that waits for the transition while a read of its queue is in flight. */
proctype QueueOwner(byte h) {
    bool wake, skipsFilters, skipsDrivers, isSuccess;
    byte i, epoch;
    VolumeGate_enterStorage();
    resumeVolumeStack();
    if
    :: skipsDrivers -> VolumeGate_leave(0, 1)
    :: else -> skip
    fi;
    ended++
}

proctype Pauser() {
    bool wake, isSuccess;
    byte i, epoch;
    pausedVolumeStack(2);
    resumeVolumeStack();
    ended++
}

/* A volume driver that keeps its reason: it vetoes first, then pauses. */
proctype SecondPauser() {
    bool wake, isSuccess;
    byte i, epoch;
    driverVetoes = true;
    pausedVolumeStack(1);
    ended++
}

proctype LateFilter() {
    bool wake;
    byte i;
    attach(2);
    detach();
    ended++
}

init {
    atomic {
#if SCENARIO == 1      /* two ENABLEs and DISABLEs against reads of either kind */
        run Handle(0); run Handle(1); run Reader(0, false); run Reader(1, true);
#elif SCENARIO == 2    /* a pause and a resume of the volume stack */
        run Handle(0); run Pauser(); run Reader(0, false); run Reader(0, true);
#elif SCENARIO == 3    /* two pausers and one resume */
        run Handle(0); run Pauser(); run SecondPauser(); run Reader(0, true);
#elif SCENARIO == 4    /* a filter that did not opt in */
        run Handle(0); run LateFilter(); run Reader(0, false); run Reader(0, true);
#elif SCENARIO == 5    /* a thread that waits for the transition with a read of its own in flight */
        run Handle(0); run Handle(1); run QueueOwner(0); run Reader(1, false);
#endif
    };
    ended == 4;
    assert(activeBypassCount == 0 && !isTold && !isStorageEnabled);
    assert(filterCount == 0 && storageCount == 0);
    assert(!waitingForFilters && !waitingForStorage);
    assert(storageIdle && storageRefused && !filtersBlocked);
#if SCENARIO == 3
    assert(storagePaused)       /* the second pauser still vetoes */
#elif !defined(WITH_REFUSAL)
    assert(!storagePaused)
#endif
}
