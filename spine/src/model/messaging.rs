//! Messaging: texts for humans (RS, Messaging).

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Id, Record, Word};

use super::AbsoluteOrRelativeTime;

/// Names a message.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct MessagingNumber(pub u32);

/// How grave a message is.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum MessagingType {
    Logging,
    Information,
    Warning,
    Alarm,
    Emergency,
    Obsolete,
    Other(Box<str>),
}

/// One message.
#[derive(Clone, Default, PartialEq, Record)]
pub struct MessagingData {
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    #[key]
    pub messaging_number: Option<MessagingNumber>,
    pub type_: Option<MessagingType>,
    pub text: Option<String>,
}
