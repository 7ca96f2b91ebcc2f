// The allocator's free memory.
#pragma once

// Gives the free pages of all arenas back to the kernel: malloc_trim(3). Does nothing where the C
// library cannot.
void bpio_give_back_free_memory(void);
