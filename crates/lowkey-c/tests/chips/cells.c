/* Two banks of flash cells, at which the power may fail at any step. */
#include "cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 16384u /* bytes of a bank */
#define ERASED 0xFFu

struct cells {
    uint8_t bytes[2][MOST];
    uint8_t wavering[2][MOST]; /* bits that read now so and now so */
    uint8_t writes[2][MOST];   /* by unit: since it was erased */
    uint8_t doubt[2][MOST];    /* by unit: of 4 readings so many find its code broken */
};

static struct cells cells, kept;
static enum cells_kind kind;
static size_t unit, bank_len;
static unsigned long steps, last_step, broken;
static bool is_dead;
static uint32_t random_state = 0x4C4F574Bu;

void cells_check(bool is_so, const char *what, const char *file, int line)
{
    if (!is_so) {
        fprintf(stderr, "%s:%d: %s\n", file, line, what);
        exit(1);
    }
}

uint32_t cells_random(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return (random_state >> 8) % below;
}

void cells_make(enum cells_kind of, size_t unit_len, size_t len)
{
    CHECK(len <= MOST && len % unit_len == 0);
    kind = of;
    unit = unit_len;
    bank_len = len;
    memset(&cells, 0, sizeof cells);
    memset(cells.bytes, ERASED, sizeof cells.bytes);
}

void cells_power(unsigned long fails_at)
{
    steps = 0;
    last_step = fails_at;
    is_dead = false;
}

void cells_step(void)
{
    if (!is_dead && ++steps == last_step) {
        is_dead = true;
    }
}

static bool is_coded(void)
{
    return kind == CELLS_CODED || kind == CELLS_TRUSTING;
}

bool cells_are_dead(void)
{
    return is_dead;
}

unsigned long cells_steps(void)
{
    return steps;
}

unsigned cells_writes(uint32_t bank, size_t offset, size_t len)
{
    unsigned writes = 0;
    for (size_t which = offset / unit; which < (offset + len) / unit; which++) {
        writes += cells.writes[bank][which];
    }
    return writes;
}

void cells_keep(void)
{
    kept = cells;
}

void cells_bring_back(void)
{
    cells = kept;
}

bool cells_read(uint32_t bank, size_t offset, uint8_t *bytes, size_t len)
{
    bool is_good = true;
    CHECK(bank < 2 && offset <= bank_len && len <= bank_len - offset);
    for (size_t i = 0; i < len; i++) {
        const size_t at = offset + i;
        bytes[i] = cells.bytes[bank][at];
        if (cells.wavering[bank][at] != 0) {
            bytes[i] ^= (uint8_t)(cells.wavering[bank][at] & cells_random(256));
        }
        if (is_coded() && at % unit == 0 && cells.doubt[bank][at / unit] > 0) {
            is_good = is_good && cells_random(4) >= cells.doubt[bank][at / unit];
        }
    }
    if (is_dead) {
        memset(bytes, 0, len);
    }
    broken += is_good || is_dead ? 0u : 1u;
    return is_good || is_dead;
}

unsigned long cells_found_broken(void)
{
    return broken;
}

static bool reads_erased(uint32_t bank, size_t offset, size_t len)
{
    bool is_erased = true;
    for (size_t at = offset; at < offset + len; at++) {
        is_erased = is_erased && cells.bytes[bank][at] == ERASED && cells.wavering[bank][at] == 0;
    }
    return is_erased;
}

/* What is left of bits that were on their way from `from` to `to`: some have arrived, some have not, some waver. */
static void leave(uint32_t bank, size_t at, uint8_t from, uint8_t to)
{
    const uint8_t moving = from ^ to, arrived = (uint8_t)cells_random(256);
    cells.bytes[bank][at] = (uint8_t)(from ^ (moving & arrived));
    cells.wavering[bank][at] |= (uint8_t)(moving & cells_random(256) & cells_random(256));
}

/* A unit with a code whose programming was cut. */
static void cut_coded(uint32_t bank, size_t offset, const uint8_t *bytes)
{
    const size_t which = offset / unit;
    const uint32_t fate = cells_random(5);
    if (fate == 0) {
        return; /* it is as if nothing had been */
    }
    cells.writes[bank][which]++;
    if (fate == 1) {
        return; /* it reads as erased, and is not */
    }
    for (size_t i = 0; i < unit; i++) {
        if (fate == 2) {
            cells.bytes[bank][offset + i] = bytes[i]; /* it had just been done */
        } else {
            leave(bank, offset + i, cells.bytes[bank][offset + i], bytes[i]);
        }
    }
    cells.doubt[bank][which] = (uint8_t)(fate == 2 ? cells_random(2) : fate == 3 ? 2 : 4);
}

enum cells_result cells_program(uint32_t bank, size_t offset, const uint8_t *bytes, size_t len)
{
    CHECK(bank < 2 && offset <= bank_len && len <= bank_len - offset);
    CHECK(!is_coded() || (len == unit && offset % unit == 0));
    cells_step();
    if (is_dead) {
        return CELLS_DONE;
    }
    const size_t which = offset / unit;
    if ((kind == CELLS_CODED && cells.writes[bank][which] > 0) ||
        (kind == CELLS_REFUSING && !reads_erased(bank, offset, len))) {
        return CELLS_REFUSED;
    }
    cells_step();
    if (is_dead && is_coded()) {
        cut_coded(bank, offset, bytes);
        return CELLS_DONE;
    }
    if (cells.writes[bank][which] > 0 && kind == CELLS_TRUSTING) {
        cells.doubt[bank][which] = 4;
    }
    if (is_dead && cells_random(4) == 0) {
        return CELLS_DONE; /* it is as if nothing had been */
    }
    for (size_t i = 0; i < len; i++) {
        const uint8_t from = cells.bytes[bank][offset + i], to = from & bytes[i];
        if (is_dead) {
            leave(bank, offset + i, from, to);
        } else {
            cells.bytes[bank][offset + i] = to;
        }
    }
    cells.writes[bank][which]++;
    cells_step();
    return CELLS_DONE;
}

void cells_erase(uint32_t bank)
{
    CHECK(bank < 2);
    cells_step();
    if (is_dead) {
        return;
    }
    cells_step();
    for (size_t at = 0; at < bank_len; at++) {
        const size_t which = at / unit;
        if (is_dead) {
            leave(bank, at, cells.bytes[bank][at], ERASED);
            cells.writes[bank][which] |= 1;
            cells.doubt[bank][which] = at % unit == 0 ? (uint8_t)cells_random(5) : cells.doubt[bank][which];
        } else {
            cells.bytes[bank][at] = ERASED;
            cells.wavering[bank][at] = 0;
            cells.writes[bank][which] = 0;
            cells.doubt[bank][which] = 0;
        }
    }
    cells_step();
}
