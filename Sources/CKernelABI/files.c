#include "CKernelABI.h"
