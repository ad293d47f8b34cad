// llama.cpp by its C interface, as `Scripts/native` (or Homebrew) installs it.
#pragma once
#include <llama.h>
