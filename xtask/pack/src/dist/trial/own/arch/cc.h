/* What lwIP asks of compiler and board: nothing, for a little-endian machine and GCC. */
