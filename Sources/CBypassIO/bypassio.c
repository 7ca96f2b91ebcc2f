#include "bypassio.h"
