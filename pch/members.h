// What runs many members includes.
#include "cluster/member.h"
#include "standard.h"
