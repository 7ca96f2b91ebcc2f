#include "memory.h"

// A header of the C library says whether it is glibc.
#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

void bpio_give_back_free_memory(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
