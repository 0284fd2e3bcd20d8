//! The board's buttons, as they are held while it starts.
//!
//! With the feature `demo` whoever is on the serial line is asked which one is, and answers `select`, `down` or `none`.

/// A button of the evaluation board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// "Select": PF1.
    Select,
    /// "Down": PE1.
    Down,
}

/// Where the buttons are asked.
pub struct Buttons(());

impl Buttons {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

#[cfg(not(feature = "demo"))]
mod part {
    use cortex_m::asm;

    use super::{Button, Buttons};
    use crate::{
        board::CLOCK_HZ,
        registers::{GPIOE_DEN, GPIOE_PE1, GPIOE_PUR, GPIOF_DEN, GPIOF_PF1, GPIOF_PUR, RCGC2},
    };

    impl Buttons {
        /// The button that is held now; none if both are.
        pub fn held(&self) -> Option<Button> {
            RCGC2.set(RCGC2_GPIOE | RCGC2_GPIOF);
            // The data sheet wants three clocks between gating and the first access; a read back takes longer.
            RCGC2.read();
            [GPIOE_PUR, GPIOE_DEN, GPIOF_PUR, GPIOF_DEN].iter().for_each(|register| register.set(PIN_1));
            asm::delay(SETTLES);
            // A button that is pressed pulls its pin down.
            match (GPIOF_PF1.read() == 0, GPIOE_PE1.read() == 0) {
                (true, false) => Some(Button::Select),
                (false, true) => Some(Button::Down),
                _ => None,
            }
        }
    }

    const RCGC2_GPIOE: u32 = 1 << 4;
    const RCGC2_GPIOF: u32 = 1 << 5;
    const PIN_1: u32 = 1 << 1;
    /// Cycles until a pin whose button is not pressed is up: 1 ms.
    const SETTLES: u32 = CLOCK_HZ / 1_000;
}

#[cfg(feature = "demo")]
mod played {
    use super::{Button, Buttons};
    use crate::uart::Uart;

    impl Buttons {
        /// The button that is said to be held.
        pub fn held(&self) -> Option<Button> {
            let mut uart = Uart::of_played_parts();
            uart.text("buttons: which").end();
            let mut answer = [0; 6];
            let length = uart.read_line(&mut answer);
            match answer.get(..length) {
                Some(b"select") => Some(Button::Select),
                Some(b"down") => Some(Button::Down),
                _ => None,
            }
        }
    }
}
