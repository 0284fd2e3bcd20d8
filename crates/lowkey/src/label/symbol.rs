//! A QR code: its modules, dark or light.

use crate::failure::Failure;
use qrcode::{Color, EcLevel, QrCode};

/// The modules of a QR code, without the light border that has to be around it ([`QUIET`]).
pub(crate) struct Symbol {
    width: usize,
    modules: Vec<Color>,
}

/// How many light modules have to be around a symbol, on each side.
pub(crate) const QUIET: usize = 4;

impl Symbol {
    /// That of a text. It survives the loss of about 15 % of its modules, as on a label that was scratched.
    pub(crate) fn of(text: &str) -> Result<Self, Failure> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Failure::file)?;
        Ok(Self { width: code.width(), modules: code.into_colors() })
    }

    /// How many modules it has on each side.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Whether a module is dark; outside of the symbol none is.
    pub(crate) fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = x < self.width && y < self.width;
        inside && self.modules.get(y * self.width + x) == Some(&Color::Dark)
    }

    /// The same, of a symbol with its border.
    pub(crate) fn is_dark_in_border(&self, x: usize, y: usize) -> bool {
        x >= QUIET && y >= QUIET && self.is_dark(x - QUIET, y - QUIET)
    }

    /// How many modules it has on each side, with its border.
    pub(crate) fn width_with_border(&self) -> usize {
        self.width + 2 * QUIET
    }
}
