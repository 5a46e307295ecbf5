//! The elliptic curves that SHIP knows (SHIP 1.1.0 §9.1).

use core::fmt;

/// The curve of a key. A node has one key, and so one SKI, for each curve that it supports.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Curve {
    /// secp256r1, which every node supports and this one uses.
    Secp256r1,
    /// brainpoolP256r1.
    BrainpoolP256r1,
    /// brainpoolP384r1.
    BrainpoolP384r1,
}

impl Curve {
    /// All of them, in the order of the standard.
    pub const ALL: [Self; 3] = [Self::Secp256r1, Self::BrainpoolP256r1, Self::BrainpoolP384r1];

    /// The IANA number of the TLS group, as in `keyMaterialState` (§12.1.3).
    pub const fn number(self) -> u16 {
        match self {
            Self::Secp256r1 => 23,
            Self::BrainpoolP256r1 => 26,
            Self::BrainpoolP384r1 => 27,
        }
    }

    /// The name, as in a pairing request (Pairing Service 1.0.0 §5.4).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secp256r1 => "secp256r1",
            Self::BrainpoolP256r1 => "brainpoolP256r1",
            Self::BrainpoolP384r1 => "brainpoolP384r1",
        }
    }

    /// The curve of this name, exactly spelled.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.as_str() == name)
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
