/* What is expected of every source of noise. */
#ifndef NOISES_H
#define NOISES_H

#include "cells.h"
#include "noise.h"

/* The source works: it says so, and afterwards the seed gives what it would not have given. */
void noises_good(noise_sample sample);

/* The source does not work: it is never said that it does. */
void noises_bad(noise_sample sample);

#endif
