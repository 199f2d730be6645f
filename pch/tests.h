// What nearly every test includes.
#include <gtest/gtest.h>

#include "standard.h"
