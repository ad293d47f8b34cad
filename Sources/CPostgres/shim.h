// PostgreSQL by its C client library.
#pragma once
#include <libpq-fe.h>
