// What a program sends to a file of a bypassio volume, in C.
#ifndef BYPASSIO_H
#define BYPASSIO_H

#include <stdint.h>

#endif
