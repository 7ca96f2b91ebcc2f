// For the files beside it alone.
#ifndef BYPASSIO_CKERNELABI_OWN_IDENTITY_H
#define BYPASSIO_CKERNELABI_OWN_IDENTITY_H

/// Takes the calling thread's identity and capabilities for those of the process, which acts for
/// others with them. Before any other thread starts.
void bpio_identity_remember(void);

#endif
