// zlib by its C interface.
#pragma once
#include <zlib.h>
