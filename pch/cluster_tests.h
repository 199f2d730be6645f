// What nearly every test of the protocol includes.
#include "tests.h"
#include "tests/cluster/support/segment.h"
