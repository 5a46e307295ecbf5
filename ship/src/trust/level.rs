//! How far a peer is trusted, and by what (SHIP 1.1.0 §12.3.2, table 10).

/// How a peer came to be trusted.
///
/// Auto accept is not among them: nobody is trusted because he asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Mechanism {
    /// The user compared the peer's SKI with its label and agreed: 32.
    UserVerified,
    /// The user typed the peer's SKI or scanned its QR code, or it is part of the configuration:
    /// 64.
    UserInput,
    /// The peer signed a request with the secret of this node (Pairing Service 1.0.0 §4.2): 64,
    /// because who has the secret has seen the device, or its papers.
    PairingService,
}

/// How far a peer is trusted, in three categories. In each the strongest mechanism counts; values
/// never add up, and one category does not stand in for another.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Levels {
    /// What users did: 0 to 96.
    pub user: u8,
    /// What certificates say: 0, because this node asks no authority.
    pub pki: u16,
    /// What else was proven: 0, 16 or 32. A PIN is worth 32 for the first peer that gives it, and
    /// 16 for all others.
    pub second_factor: u8,
}

impl Levels {
    /// What a mechanism is worth.
    pub const fn of(mechanism: Mechanism) -> Self {
        let user = match mechanism {
            Mechanism::UserVerified => 32,
            Mechanism::UserInput | Mechanism::PairingService => 64,
        };
        Self { user, pki: 0, second_factor: 0 }
    }

    /// The stronger of both in each category.
    pub fn strongest(self, other: Self) -> Self {
        Self {
            user: self.user.max(other.user),
            pki: self.pki.max(other.pki),
            second_factor: self.second_factor.max(other.second_factor),
        }
    }

    /// Whether the peer may be talked to at all.
    pub const fn may_communicate(self) -> bool {
        self.user >= 8
    }

    /// Whether the peer may be told its PIN (§12.5).
    pub const fn may_be_given_pin(self) -> bool {
        self.user >= 32
    }

    /// Whether the peer may act as a commissioning tool.
    pub const fn may_commission(self) -> bool {
        self.user >= 32 || self.second_factor >= 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mechanisms_are_worth_what_table_10_says() {
        assert_eq!(Levels::of(Mechanism::UserVerified).user, 32);
        assert_eq!(Levels::of(Mechanism::UserInput).user, 64);
        assert_eq!(Levels::of(Mechanism::PairingService).user, 64);
    }

    #[test]
    fn the_strongest_counts_in_each_category_and_nothing_adds_up() {
        let one = Levels { user: 32, pki: 0, second_factor: 32 };
        let two = Levels { user: 64, pki: 7, second_factor: 16 };
        assert_eq!(one.strongest(two), Levels { user: 64, pki: 7, second_factor: 32 });
    }

    #[test]
    fn thresholds_are_those_of_the_standard() {
        let user = |user| Levels { user, ..Levels::default() };
        assert!(!user(7).may_communicate() && user(8).may_communicate());
        assert!(!user(31).may_be_given_pin() && user(32).may_be_given_pin());
        assert!(!user(31).may_commission() && user(32).may_commission());
        // Neither stands in for the user.
        let others = Levels { user: 0, pki: 65535, second_factor: 32 };
        assert!(!others.may_communicate() && !others.may_be_given_pin());
        assert!(others.may_commission());
    }
}
