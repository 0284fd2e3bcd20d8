/* The board as a whole: its clock tree. */
#ifndef BOARD_H
#define BOARD_H

#define CLOCK_HZ 50000000u

/* Brings the core to CLOCK_HZ. Before anything else. */
void board_start(void);

#endif
