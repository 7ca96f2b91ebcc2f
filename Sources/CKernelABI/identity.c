#define _GNU_SOURCE
#include "identity.h"

#if defined(__linux__)

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "own_identity.h"

#define TOOK_USER 1
#define TOOK_GROUP 2

// The process's identity at its start, before any thread changed its capabilities. Written by the
// constructor, and when the process gives capabilities up, before it starts threads.
static struct __user_cap_data_struct own[_LINUX_CAPABILITY_U32S_3];
static uint32_t own_group;
static int is_possible;
static int has_resources;

static _Thread_local struct {
    // A thread inherits the state of the thread that started it, so it has to ask once.
    uint8_t is_known;
    uint8_t lacks_resources;
    uint8_t has_taken;
} thread;

static long capabilities(long call, struct __user_cap_data_struct *data)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    return syscall(call, &header, data);
}

static int has(const struct __user_cap_data_struct *data, unsigned capability)
{
    return (data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
}

__attribute__((constructor)) void bpio_identity_remember(void)
{
    if (geteuid() != 0 || capabilities(SYS_capget, own) != 0) return;
    own_group = getegid();
    is_possible = has(own, CAP_SETUID) && has(own, CAP_SETGID);
    has_resources = has(own, CAP_SYS_RESOURCE);
}

static void learn_thread(void)
{
    struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3];
    thread.lacks_resources =
        has_resources && capabilities(SYS_capget, now) == 0 && !has(now, CAP_SYS_RESOURCE);
    thread.is_known = 1;
}

// All capabilities of the process, with or without CAP_SYS_RESOURCE.
static void set_capabilities(int with_resources)
{
    struct __user_cap_data_struct wanted[_LINUX_CAPABILITY_U32S_3] = {own[0], own[1]};
    if (!with_resources)
        wanted[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective &= ~CAP_TO_MASK(CAP_SYS_RESOURCE);
    if (capabilities(SYS_capset, wanted) == 0)
        thread.lacks_resources = has_resources && !with_resources;
}

static void take_user(uint32_t user)
{
    syscall(SYS_setfsuid, user);
    // The change took away the rights over files (capabilities(7)); leaving brings them back. A
    // secure bit would spare this call, but it would stay with the thread, which may belong to
    // another library.
    set_capabilities(0);
}

int32_t bpio_identity_take(uint32_t user, uint32_t group, int32_t makes_names)
{
    if (!is_possible || thread.has_taken) return 0;
    if (!thread.is_known) learn_thread();
    int32_t taken = 0;
    if (user == 0 && thread.lacks_resources) set_capabilities(1);
    if (makes_names && group != own_group) {
        syscall(SYS_setfsgid, group);
        taken |= TOOK_GROUP;
    }
    if (user != 0) {
        take_user(user);
        taken |= TOOK_USER;
    }
    thread.has_taken = taken != 0;
    return taken;
}

void bpio_identity_leave(int32_t taken)
{
    if (taken == 0) return;
    if (taken & TOOK_USER) syscall(SYS_setfsuid, 0);
    if (taken & TOOK_GROUP) syscall(SYS_setfsgid, own_group);
    thread.has_taken = 0;
}

int32_t bpio_identity_is_possible(void) { return is_possible; }

#endif
