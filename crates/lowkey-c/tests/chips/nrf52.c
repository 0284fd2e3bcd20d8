/* A model of an nRF52's non-volatile memory controller: writing and erasing are allowed one by one, a word is written
 * at most twice between two erases, and 181 times a block of 512 bytes (nRF52832). */
#include "nrf.h"

#include <string.h>

#include "chip.h"
#include "mapped.h"

#define PAGE 4096u
#define LOG 0x000FE000u
#define BLOCK 512u

static NRF_NVMC_Type registers;
static uint32_t allowed;
static unsigned busy;

static void begin(void)
{
    CHECK(busy == 0);
    busy = 3;
}

static void take(void)
{
    if (registers.CONFIG != allowed) {
        CHECK(busy == 0 && registers.CONFIG <= NVMC_CONFIG_WEN_Een);
        cells_step();
        allowed = registers.CONFIG;
    }
    if (registers.ERASEPAGE != 0) {
        const uint32_t from = registers.ERASEPAGE - LOG;
        registers.ERASEPAGE = 0;
        CHECK(cells_are_dead() || allowed == NVMC_CONFIG_WEN_Een);
        CHECK(from % PAGE == 0 && from / PAGE < 2);
        begin();
        cells_erase(from / PAGE);
    }
    if (cells_are_dead()) {
        busy = 0;
    }
    registers.READY = busy == 0 ? NVMC_READY_READY_Ready : 0;
}

NRF_NVMC_Type *nvmc_model(void)
{
    take();
    busy -= busy > 0 ? 1u : 0u;
    return &registers;
}

void mapped_read(uint8_t *bytes, uint32_t address, size_t len)
{
    take();
    CHECK(busy == 0 && address >= LOG && (address - LOG) / PAGE < 2);
    CHECK(cells_read((address - LOG) / PAGE, (address - LOG) % PAGE, bytes, len));
}

void mapped_write(uint32_t address, uint32_t word)
{
    const uint32_t bank = (address - LOG) / PAGE, offset = (address - LOG) % PAGE;
    take();
    if (cells_are_dead()) {
        return;
    }
    CHECK(busy == 0 && allowed == NVMC_CONFIG_WEN_Wen && address % 4 == 0 && address >= LOG && bank < 2);
    begin();
    const uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16), (uint8_t)(word >> 24)};
    cells_program(bank, offset, bytes, sizeof bytes);
    CHECK(cells_writes(bank, offset, 4) <= 2 && cells_writes(bank, offset - offset % BLOCK, BLOCK) <= 181);
}

void mapped_write_half(uint32_t address, uint16_t half)
{
    (void)half;
    CHECK(address == 0 && "it takes words only");
}

void chip_make(void)
{
    cells_make(CELLS_PLAIN, 4, PAGE);
}

void chip_start(void)
{
    memset(&registers, 0, sizeof registers);
    allowed = NVMC_CONFIG_WEN_Ren;
    busy = 0;
}

void chip_rest(void)
{
    take();
    CHECK(cells_are_dead() || (allowed == NVMC_CONFIG_WEN_Ren && busy == 0));
}
