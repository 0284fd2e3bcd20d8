//! What can be wrong with a device, or with what is behind the server.

use xtask::command::Result;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It comes and goes.
    Flapping,
    /// It was there once.
    Absent,
    /// It was never there.
    Never,
    /// It has another key than the registry says.
    Keys,
    /// Two boards have its key page.
    Pages,
    /// It answers nobody.
    Slow,
    /// It is taken out of the registry, and goes on trying.
    Revoked,
    /// The service behind is down for a while: nobody's own.
    Service,
}

impl Fault {
    pub(crate) const ALL: [Self; 8] = [
        Self::Flapping,
        Self::Absent,
        Self::Never,
        Self::Keys,
        Self::Pages,
        Self::Slow,
        Self::Revoked,
        Self::Service,
    ];

    /// Those that are named, with commas between them.
    ///
    /// # Errors
    /// There is no such fault.
    pub(crate) fn list(names: &str) -> Result<Vec<Self>> {
        let named = |name: &str| Self::ALL.into_iter().find(|fault| fault.word() == name);
        let all = || Self::ALL.map(Self::word).join(", ");
        names
            .split(',')
            .map(|name| Ok(named(name).ok_or_else(|| format!("no fault is called `{name}`: {}", all()))?))
            .collect()
    }

    /// What people type.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Flapping => "flapping",
            Self::Absent => "absent",
            Self::Never => "never",
            Self::Keys => "keys",
            Self::Pages => "pages",
            Self::Slow => "slow",
            Self::Revoked => "revoked",
            Self::Service => "service",
        }
    }

    /// What is so of a device that has it.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Flapping => "comes and goes",
            Self::Absent => "was there once, and is gone without a word",
            Self::Never => "was never there",
            Self::Keys => "has another key than the registry says",
            Self::Pages => "its key page is on two boards, which end each other's sessions",
            Self::Slow => "hears nobody, so its session ends as silent, and it comes again",
            Self::Revoked => "is taken out of the registry after a while, and goes on trying",
            Self::Service => "the service behind is down for a while, for all of them",
        }
    }

    /// How many of so many devices have it.
    pub(crate) const fn of(self, devices: usize) -> usize {
        match self {
            Self::Service => 0,
            Self::Revoked => 1,
            _ if devices < 200 => 2,
            _ => devices / 100,
        }
    }
}
