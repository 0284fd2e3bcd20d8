/* Many starts of a device whose power fails: the boot log on the driver of one chip and its model.
 *
 * No number is given twice, and the log is never lost: whatever a cut leaves, the next start that is let be has a
 * number. */
#include <stdio.h>

#include "chip.h"
#include "flash_log.h"

#define NEVER 0ul

static uint64_t highest; /* that was given */
static lowkey_flash watched;

/* The driver's own, which has to say when a code was broken. */
static int32_t read_watched(void *context, uint32_t bank, size_t offset, uint8_t *bytes, size_t len)
{
    const unsigned long before = cells_found_broken();
    const int32_t said = flash_log.read(context, bank, offset, bytes, len);
    CHECK((said != 0) == (cells_found_broken() != before));
    return said;
}

/* A start. False: the power failed before it had a number. */
static bool start(unsigned long fails_at)
{
    uint64_t number = 0;
    cells_power(fails_at);
    chip_start();
    const lowkey_status status = lowkey_boot_log_next(&watched, &number);
    chip_rest();
    if (cells_are_dead()) {
        return false;
    }
    CHECK(status == LOWKEY_OK);
    CHECK(number > highest);
    highest = number;
    return true;
}

/* From here on, the power fails once at each step of the next start, and twice in a row. */
static void cut_everywhere(void)
{
    const uint64_t before = highest;
    cells_keep();
    for (unsigned long step = 1;; step++) {
        cells_bring_back();
        highest = before;
        if (start(step)) {
            break;
        }
        if (step % 2 == 0) {
            start(1 + cells_random((uint32_t)step + 1));
        }
        CHECK(start(NEVER) && start(NEVER));
    }
    cells_bring_back();
    highest = before;
}

int main(void)
{
    const size_t copy = flash_log.unit < 8 ? 8 : flash_log.unit;
    const unsigned long slots = (unsigned long)(flash_log.bank_len / (2 * copy));
    unsigned long most = 0, cuts = 0;

    watched = flash_log;
    watched.read = read_watched;

    /* Nobody disturbs it: 1, 2, 3, … through each bank and back again. */
    chip_make();
    for (uint64_t number = 1; number <= 3 * slots; number++) {
        CHECK(start(NEVER) && highest == number);
        most = cells_steps() > most ? cells_steps() : most;
    }

    chip_make();
    highest = 0;
    for (unsigned long number = 1; number <= 2 * slots + 2; number++) {
        if (number <= 4 || number % slots <= 1 || number % slots == slots - 1) {
            cut_everywhere();
        }
        CHECK(start(NEVER));
    }

    for (unsigned long i = 0; i < 2 * slots + 1000; i++) {
        if (cells_random(2) == 0) {
            cuts += start(1 + cells_random((uint32_t)most)) ? 0u : 1u;
        } else {
            CHECK(start(NEVER));
        }
    }
    CHECK(cuts > slots / 4);
    printf("%lu steps of a start at the most, %lu random cuts, number %llu\n", most, cuts, (unsigned long long)highest);
    return 0;
}
