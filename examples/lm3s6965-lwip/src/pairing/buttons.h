/* The board's buttons, as they are held while it starts.
 *
 * A firmware built with DEMO=1 asks whoever is on the serial line (played_buttons.c). */
#ifndef BUTTONS_H
#define BUTTONS_H

/* A button of the evaluation board. */
enum button {
    BUTTON_NONE,   /* or both */
    BUTTON_SELECT, /* PF1 */
    BUTTON_DOWN,   /* PE1 */
};

/* The button that is held now. After clock_start. */
enum button buttons_held(void);

#endif
