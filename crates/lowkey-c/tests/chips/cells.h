/* Two banks of flash cells, at which the power may fail at any step. The models of the chips put a controller in front
 * of them. */
#ifndef CELLS_H
#define CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK(condition) cells_check((condition), #condition, __FILE__, __LINE__)

enum cells_kind {
    CELLS_PLAIN,    /* programming clears bits; a cut leaves some of them, and some that read now so and now so */
    CELLS_REFUSING, /* the same, but what does not read as erased is refused */
    CELLS_CODED,    /* a unit has a code, and is refused if it was written: a cut can leave a broken code */
    CELLS_TRUSTING, /* as coded, but what is written twice is not refused: its code is broken then */
};

enum cells_result { CELLS_DONE, CELLS_REFUSED };

/* Two banks of `bank_len` bytes in units of `unit`, erased; as good as new. */
void cells_make(enum cells_kind kind, size_t unit, size_t bank_len);

/* False: a code is broken, and `bytes` holds anything. */
bool cells_read(uint32_t bank, size_t offset, uint8_t *bytes, size_t len);

/* How many readings found a broken code. */
unsigned long cells_found_broken(void);

/* Programs a unit; of plain cells any bytes. */
enum cells_result cells_program(uint32_t bank, size_t offset, const uint8_t *bytes, size_t len);

void cells_erase(uint32_t bank);

/* The power comes back, and fails again at the step of that number; 0: it does not. */
void cells_power(unsigned long fails_at);

/* A step of the driver: something that it has done may be the last. */
void cells_step(void);

/* Whether the power has failed. Nothing has an effect then. */
bool cells_are_dead(void);

/* Steps since the power came. */
unsigned long cells_steps(void);

/* How often the units there were programmed since they were erased; an attempt that left no trace is none. */
unsigned cells_writes(uint32_t bank, size_t offset, size_t len);

/* Keeps what the cells hold, and brings it back. */
void cells_keep(void);
void cells_bring_back(void);

/* A number below `below`; always the same ones in the same order. */
uint32_t cells_random(uint32_t below);

void cells_check(bool is_so, const char *what, const char *file, int line);

#endif
