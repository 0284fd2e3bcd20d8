/* The limits of the health tests: the last sample that is good, and the first that is not. */
#include "health.h"

#include "cells.h"

static const struct health limits[] = {HEALTH_QUARTER_OF_A_BIT, HEALTH_FOUR_BITS};

static void a_row(struct health health)
{
    for (int i = 1; i < health.most_in_a_row; i++) {
        CHECK(health_is_good(&health, 7));
    }
    CHECK(health_is_good(&health, 8));
    for (int i = 1; i < health.most_in_a_row; i++) {
        CHECK(health_is_good(&health, 7));
    }
    for (int i = 0; i < 200000; i++) {
        CHECK(!health_is_good(&health, 7));
    }
}

/* Of 512 samples, so many are the first one, never many of them in a row. */
static bool a_window(struct health *health, int as_the_first)
{
    bool is_good = true;
    int had = 0;
    for (int i = 0; i < 512; i++) {
        const bool is_first = had < as_the_first && i % (health->most_in_a_row - 1) != 1;
        had += is_first;
        is_good = health_is_good(health, is_first ? 7 : (uint8_t)(8 + i % 8)) && is_good;
    }
    CHECK(had == as_the_first);
    return is_good;
}

int main(void)
{
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct health health = limits[i];
        a_row(limits[i]);
        CHECK(a_window(&health, health.most_in_a_window - 1));
        CHECK(a_window(&health, health.most_in_a_window - 1)); /* each window for itself */
        CHECK(!a_window(&health, health.most_in_a_window));
    }
    return 0;
}
