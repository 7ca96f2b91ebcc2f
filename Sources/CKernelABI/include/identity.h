#pragma once

// The party on whose behalf the kernel carries out the calling thread's calls: user and group of
// file-system calls (setfsuid(2)) and CAP_SYS_RESOURCE, which both belong to a thread.

#include <stdint.h>

#if defined(__linux__)

/// Takes on a user for the calling thread's next file-system calls; bpio_identity_leave takes the
/// result. The kernel judges owners, quotas and space kept for root by that user. The process keeps
/// its rights over files, because other code has judged the requestor.
///
/// Does nothing for a process that is not root or may not change identities, nor within another
/// call of it. For root it makes sure that the thread has root's resources.
///
/// The user and the group last until bpio_identity_leave. The thread stays without CAP_SYS_RESOURCE
/// until it next takes on root, so that each further request of the user costs three system calls.
///
/// - makes_names: whether the group matters, too.
int32_t bpio_identity_take(uint32_t user, uint32_t group, int32_t makes_names);

void bpio_identity_leave(int32_t taken);

/// Whether bpio_identity_take does anything for users.
int32_t bpio_identity_is_possible(void);

#endif
