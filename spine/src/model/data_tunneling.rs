//! DataTunneling: octets of another protocol (RS, DataTunneling).

use alloc::boxed::Box;

use eebus_json::{Id, Record};

use super::HexBinary;

/// Says which protocol is tunnelled.
#[derive(Clone, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct PurposeId(pub Box<str>);

/// Names a channel of one purpose.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct ChannelId(pub u32);

/// Where the octets belong.
#[derive(Clone, Default, PartialEq, Record)]
pub struct DataTunnelingHeader {
    pub purpose_id: Option<PurposeId>,
    pub channel_id: Option<ChannelId>,
    /// Counts the messages of a channel.
    pub sequence_id: Option<u32>,
}

/// A piece of tunnelled data.
#[derive(Clone, Default, PartialEq, Record)]
pub struct DataTunnelingCall {
    pub header: Option<DataTunnelingHeader>,
    pub payload: Option<HexBinary>,
}
