// What nearly every test of nodes includes.
#include "tests.h"
#include "tests/node/world.h"
