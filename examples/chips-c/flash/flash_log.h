/* The flash that the boot log lies in: one of the files beside this one defines it, for one family of chips. */
#ifndef FLASH_LOG_H
#define FLASH_LOG_H

#include "lowkey_common.h"

/* For lowkey_boot_log_next. */
extern const lowkey_flash flash_log;

/* Where a broken code is an NMI (STM32L4, G4, H5, U5), to be called by NMI_Handler. True: it was the log's own reading,
 * which deals with it; return. False: it was something else. */
bool flash_log_nmi(void);

#endif
