//! A device: what applications know it by.

use crate::text::mask;
use crate::text::steers;
use std::fmt;

/// A device by its name, with labels for whoever runs the server.
///
/// Its keys are in its [`Pinned`](super::Pinned) pinnings, one or, while they rotate, two. It has one session at a
/// time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    name: String,
    labels: Vec<(Box<str>, Box<str>)>, // sorted; a tree would take ten times the memory for one
}

impl Device {
    /// The most pinnings of a device: an old one and a new one, while its key rotates.
    pub const MOST_PINNINGS: usize = 2;

    /// A device of this name, without labels.
    ///
    /// # Errors
    /// [`DeviceError::Blank`], [`DeviceError::Name`].
    pub fn new(name: impl Into<String>) -> Result<Self, DeviceError> {
        let name = name.into();
        if let Some(c) = name.chars().find(|c| steers(*c)) {
            return Err(DeviceError::Name(c));
        }
        if name.is_empty() || name.trim() != name {
            return Err(DeviceError::Blank);
        }
        Ok(Self { name, labels: Vec::new() })
    }

    /// The same device with one more label, for example `site` = `north`. The protocol knows nothing of labels.
    ///
    /// # Errors
    /// [`DeviceError::NoLabel`], [`DeviceError::Label`].
    pub fn with_label(
        mut self,
        label: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, DeviceError> {
        let (label, value) = (label.into(), value.into());
        if label.is_empty() {
            return Err(DeviceError::NoLabel);
        }
        if let Some(c) = label.chars().chain(value.chars()).find(|c| steers(*c)) {
            return Err(DeviceError::Label(c));
        }
        match self.index_of(&label) {
            Ok(index) => self.labels[index].1 = value.into(),
            Err(index) => {
                self.labels.reserve_exact(1);
                self.labels.insert(index, (label.into(), value.into()));
            }
        }
        Ok(self)
    }

    /// What applications know it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its labels, by name.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().map(|(label, value)| (&**label, &**value))
    }

    /// What one label says.
    pub fn label(&self, label: &str) -> Option<&str> {
        self.index_of(label).ok().map(|index| &*self.labels[index].1)
    }

    fn index_of(&self, label: &str) -> Result<usize, usize> {
        self.labels.binary_search_by(|(known, _)| (**known).cmp(label))
    }
}

/// Why a device cannot be pinned, or not beside the others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError {
    /// Its name is empty, or begins or ends with white space.
    Blank,
    /// Its name holds this character, which [steers] terminals or cannot be seen.
    Name(char),
    /// A label has no name.
    NoLabel,
    /// A label or what it says holds this character, which [steers] terminals or cannot be seen.
    Label(char),
    /// Its key is our own.
    OwnKey,
    /// Its key is of low order: it protects nothing.
    WeakKey,
    /// Another device has this name.
    SameName(String),
    /// More than two pinnings, or two under one id or with one key; the device's name.
    Pinnings(String),
    /// Another device has this id; its name.
    SameId(String),
    /// Another device has this key; its name.
    SameKey(String),
    /// Another device was paired with this code; its name.
    SameCode(String),
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => f.write_str("the name is empty, or begins or ends with white space"),
            Self::Name(c) => write!(f, "the name holds U+{:04X}, {UNSEEN}", u32::from(*c)),
            Self::NoLabel => f.write_str("a label has no name"),
            Self::Label(c) => write!(f, "a label or what it says holds U+{:04X}, {UNSEEN}", u32::from(*c)),
            Self::OwnKey => f.write_str("the key is this server's own, not a device's"),
            Self::WeakKey => f.write_str("the key is of low order and protects nothing; make a new one"),
            Self::SameName(name) => write!(f, "the name {:?} is in use already", mask(name)),
            Self::Pinnings(name) => write!(
                f,
                "the device {:?} has more than two pinnings, or two with the same id or key",
                mask(name)
            ),
            Self::SameId(name) => write!(f, "the id is the one of {:?}", mask(name)),
            Self::SameKey(name) => {
                write!(f, "the key is the one of {:?}; a key belongs to one device", mask(name))
            }
            Self::SameCode(name) => {
                write!(f, "the code is the one of {:?}; a code makes one pinning", mask(name))
            }
        }
    }
}

impl std::error::Error for DeviceError {}

const UNSEEN: &str = "which cannot be seen or steers terminals; write it without";
