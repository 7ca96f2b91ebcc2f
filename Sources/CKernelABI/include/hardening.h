// What a process gives up for good. Every function returns -errno on failure.
#ifndef BYPASSIO_CKERNELABI_HARDENING_H
#define BYPASSIO_CKERNELABI_HARDENING_H

#include <stdint.h>

#if defined(__linux__)

/// Keeps of the calling thread's capabilities those of the mask (1 << CAP_…), in its bounding set,
/// too; those that it has not it does not get. Threads that it starts have no others.
int32_t bpio_harden_capabilities(uint64_t kept);
/// PR_SET_NO_NEW_PRIVS: programs that this thread and those that it starts run gain no rights.
int32_t bpio_harden_privileges(void);
/// Refuses for all threads (EPERM) the system calls that no service needs, and sockets other than
/// those of the local machine (EAFNOSUPPORT). -ENOSYS on a processor whose calls are not known.
int32_t bpio_harden_calls(void);
/// Refuses for all threads (EPERM) the system calls that only the mount itself needs.
int32_t bpio_harden_mounting(void);

#endif

#endif
