// The kernel interfaces that Debian's headers lack or hide, each layout checked at compile time.
#ifndef BYPASSIO_CKERNELABI_H
#define BYPASSIO_CKERNELABI_H

#include "uring.h"
#include "files.h"
#include "fuse.h"
#include "watch.h"
#include "gate.h"
#include "guardian.h"
#include "hardening.h"
#include "identity.h"
#include "perf.h"
#include "log.h"
#include "sockets.h"
#include "memory.h"
#include "restart.h"
#include "recovery.h"
#include "unmounter.h"

#endif
