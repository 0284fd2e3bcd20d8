/* A model of a chip: its flash controller, in front of cells. */
#ifndef CHIP_H
#define CHIP_H

#include "cells.h"

/* A new chip. */
void chip_make(void);

/* After a reset. */
void chip_start(void);

/* After the log was used: the controller has to be locked, and nothing may be left to be done. */
void chip_rest(void);

#endif
