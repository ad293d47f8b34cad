// NLopt by its C interface.
#pragma once
#include <nlopt.h>
