//! Data exchange: payloads in both directions (SHIP 1.1.0 §13.4.5).
//!
//! Access methods go on beside it and hold nothing up: a payload is passed on and an answer given
//! whatever else is open.

use eebus_json::{Instant, Raw};

use crate::access::Access;
use crate::close::Closing;
use crate::connection::{Close, End, Event, Leave};
use crate::frame::Fault;
use crate::handshake::{Context, Happening, Phase};
use crate::message::{Data, Header, Message, SPINE_PROTOCOL, Version};

/// So many messages in a row that cannot be read are enough.
const UNREADABLE: u8 = 10;

/// The connection is of use.
#[derive(Debug)]
pub(crate) struct Exchange {
    access: Access,
    unreadable: u8,
}

impl Exchange {
    pub(crate) fn enter(version: Version, cx: &mut Context<'_>) -> Self {
        cx.tell(Event::Open { version });
        Self { access: Access::enter(cx), unreadable: 0 }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.access.deadline()
    }

    pub(crate) fn next(mut self, what: Happening, cx: &mut Context<'_>) -> Phase {
        match what {
            Happening::Message(message) => {
                self.unreadable = 0;
                match message {
                    Message::Data(data) => receive(data, cx),
                    Message::AccessMethodsRequest(_) => self.access.answer(cx),
                    Message::AccessMethods(methods) => self.access.take(methods, cx),
                    Message::ConnectionClose(close) => return Closing::announced(&close, cx),
                    // A late hello or PIN state, what 1.1.0 has besides: skipped (§13.4.5.1).
                    _ => {}
                }
            }
            Happening::Fault(fault) => {
                let is_unreadable = matches!(fault, Fault::Unreadable(_));
                cx.tell(Event::Ignored(fault));
                if is_unreadable {
                    self.unreadable += 1;
                    if self.unreadable == UNREADABLE {
                        return cx.close(Close::protocol_error(End::Unreadable));
                    }
                }
            }
            Happening::Send(payload) => send(payload, cx),
            Happening::Leave(leave) => return Closing::announce(leave, cx),
            Happening::Trust(false) => return Closing::announce(Leave::Removed, cx),
            Happening::Tick => self.access.tick(cx),
            Happening::Trust(true) | Happening::Init | Happening::Lost => {}
        }
        Phase::Exchange(self)
    }
}

fn send(payload: Raw, cx: &mut Context<'_>) {
    cx.send(&Message::Data(Data {
        header: Some(Header::spine()),
        payload: Some(payload),
        extension: None,
    }));
}

/// Another protocol than SPINE is not ours to judge; a peer that names none means SPINE.
fn receive(data: Data, cx: &mut Context<'_>) {
    let protocol = data.header.and_then(|header| header.protocol_id);
    if let Some(payload) = data.payload
        && protocol.is_none_or(|protocol| protocol == SPINE_PROTOCOL)
    {
        cx.tell(Event::Data(payload));
    }
}
