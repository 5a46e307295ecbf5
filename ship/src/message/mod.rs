//! The messages of SHIP as values (SHIP 1.1.0 §13.4, chapter 9 of the schema).
//!
//! Reading is tolerant, so nearly every element is optional here; which ones a phase insists on
//! is the phase's business. Messages of SHIP 1.1.0 that this node does not use are modelled as
//! well: they are recognised, and ignored for what they are.

mod commissioning;
mod control;
mod data;

use eebus_json::Choice;

pub use commissioning::{
    CommissioningRequest, CommissioningResponse, KeyMaterial, KeyMaterialDelete,
    KeyMaterialDeleteEntry, KeyMaterialDeleteResponse, KeyMaterialEntry, KeyMaterialRequest,
    KeyMaterialResponse, KeyMaterialResponseEntry, KeyMaterialState, KeyMaterialStateEntry,
    KeyMaterialStateRequest, KeyMaterialStateResponse, KeyState,
};
pub use control::{
    AccessMethods, AccessMethodsRequest, ConnectionHello, ConnectionPinError, ConnectionPinInput,
    ConnectionPinState, Dns, Formats, HandshakeType, HelloPhase, InputPermission,
    MessageProtocolHandshake, MessageProtocolHandshakeError, PinState, Version,
};
pub use data::{
    ClosePhase, CloseReason, ConnectionClose, Data, Extension, Header, JSON_UTF8, SPINE_PROTOCOL,
};

/// Any SHIP message but the init message, which is no JSON.
#[derive(Clone, Debug, PartialEq, Choice)]
pub enum Message {
    /// What the sender thinks of the connection (§13.4.4.1).
    #[alias("messageHello")]
    ConnectionHello(ConnectionHello),
    /// Version and format, offered or chosen (§13.4.4.2).
    MessageProtocolHandshake(MessageProtocolHandshake),
    /// Why the choice of version and format failed (§13.4.4.2).
    MessageProtocolHandshakeError(MessageProtocolHandshakeError),
    /// The same without its envelope, as some peers send it: `{"error":2}`. Never sent.
    #[element("error")]
    BareHandshakeError(u8),
    /// Whether the sender wants a PIN (§13.4.4.3).
    ConnectionPinState(ConnectionPinState),
    /// The receiver's PIN (§13.4.4.3).
    ConnectionPinInput(ConnectionPinInput),
    /// The PIN was wrong (§13.4.4.3).
    ConnectionPinError(ConnectionPinError),
    /// Asks how the receiver can be reached (§13.4.6).
    AccessMethodsRequest(AccessMethodsRequest),
    /// How the sender can be reached, and its SHIP ID (§13.4.6).
    AccessMethods(AccessMethods),
    /// A payload (§13.4.5).
    Data(Data),
    /// The end of the connection, announced or confirmed (§13.4.8).
    ConnectionClose(ConnectionClose),
    /// Commissioning (1.1.0).
    CommissioningRequest(CommissioningRequest),
    /// Commissioning (1.1.0).
    CommissioningResponse(CommissioningResponse),
    /// Commissioning (1.1.0).
    KeyMaterialRequest(KeyMaterialRequest),
    /// Commissioning (1.1.0).
    KeyMaterial(KeyMaterial),
    /// Commissioning (1.1.0).
    KeyMaterialResponse(KeyMaterialResponse),
    /// Commissioning (1.1.0).
    KeyMaterialDelete(KeyMaterialDelete),
    /// Commissioning (1.1.0).
    KeyMaterialDeleteResponse(KeyMaterialDeleteResponse),
    /// Certificate update (§12.1.3, 1.1.0).
    KeyMaterialState(KeyMaterialState),
    /// Certificate update (§12.1.3, 1.1.0).
    KeyMaterialStateResponse(KeyMaterialStateResponse),
    /// Certificate update (§12.1.3, 1.1.0).
    KeyMaterialStateRequest(KeyMaterialStateRequest),
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use eebus_json::{Raw, Reader, Tag};

    use super::*;

    fn read(text: &str) -> Message {
        Reader::tolerant().read(text.as_bytes()).expect("a message")
    }

    fn round(text: &str) {
        let message: Message = Reader::strict().read(text.as_bytes()).expect(text);
        assert_eq!(eebus_json::to_string(&message), text);
    }

    #[test]
    fn every_message_of_the_standard_is_written_as_it_is_read() {
        for text in [
            r#"{"connectionHello":[{"phase":"ready"},{"waiting":120000}]}"#,
            r#"{"connectionHello":[{"phase":"pending"},{"prolongationRequest":true}]}"#,
            r#"{"connectionHello":[{"phase":"aborted"}]}"#,
            r#"{"connectionHello":[{"phase":"ready"},{"waiting":120000},{"keyMaterialState":[{"updateCounter":3}]}]}"#,
            r#"{"messageProtocolHandshake":[{"handshakeType":"announceMax"},{"version":[{"major":1},{"minor":0}]},{"formats":[{"format":["JSON-UTF8"]}]}]}"#,
            r#"{"messageProtocolHandshakeError":[{"error":2}]}"#,
            r#"{"connectionPinState":[{"pinState":"none"}]}"#,
            r#"{"connectionPinState":[{"pinState":"required"},{"inputPermission":"busy"}]}"#,
            r#"{"connectionPinState":[{"pinState":"pinOk"}]}"#,
            r#"{"connectionPinInput":[{"pin":"5f3A01cE"}]}"#,
            r#"{"connectionPinError":[{"error":1}]}"#,
            r#"{"accessMethodsRequest":[]}"#,
            r#"{"accessMethods":[{"id":"i:55555_u:EVSE-One-0001"},{"dnsSd_mDns":[]}]}"#,
            r#"{"accessMethods":[{"id":"i:1_u:2"},{"dnsSd_mDns":[]},{"dns":[{"uri":"wss://evse-one.local:4712/ship/"}]}]}"#,
            r#"{"commissioningRequest":[]}"#,
            r#"{"commissioningResponse":[{"accept":true}]}"#,
            r#"{"keyMaterialRequest":[]}"#,
            r#"{"keyMaterialState":[{"updateCounter":2},{"entry":[[{"currentState":"current"},{"curve":23},{"ski":"B55228FC75F601DA794FF2F9741CF699910FC9C9"}],[{"currentState":"successor"},{"curve":23}]]}]}"#,
            r#"{"keyMaterialStateResponse":[{"accept":true}]}"#,
            r#"{"keyMaterialStateRequest":[{"knownUpdateCounter":1}]}"#,
            r#"{"data":[{"header":[{"protocolId":"ee1.0"}]},{"payload":{"datagram":[]}},{"extension":[{"extensionId":"vendor-x"},{"binary":"00FF10"},{"string":"hint"}]}]}"#,
            r#"{"connectionClose":[{"phase":"announce"},{"maxTime":2000},{"reason":"removedConnection"}]}"#,
            r#"{"connectionClose":[{"phase":"confirm"}]}"#,
        ] {
            round(text);
        }
    }

    #[test]
    fn spellings_from_the_field_are_understood() {
        let Message::ConnectionHello(hello) =
            read(r#"{"messageHello":[{"phase":"pending"},{"prolongation_request":true}]}"#)
        else {
            panic!("a hello");
        };
        assert_eq!(hello.prolongation_request, Some(true));

        let Message::AccessMethods(methods) = read(
            r#"{"accessMethods":[{"dns_sd_mdns":null},{"dns":"wss://sma.local:4712/ship/"}]}"#,
        ) else {
            panic!("access methods");
        };
        assert_eq!(methods.dns_sd_m_dns, Some(Tag));
        assert_eq!(
            methods.dns.and_then(|dns| dns.uri).as_deref(),
            Some("wss://sma.local:4712/ship/")
        );

        assert_eq!(read(r#"{"error":3}"#), Message::BareHandshakeError(3));
        assert_eq!(
            read(r#"{"messageProtocolHandshakeError":{"error":3}}"#),
            Message::MessageProtocolHandshakeError(MessageProtocolHandshakeError {
                error: Some(3)
            })
        );
    }

    #[test]
    fn a_free_text_reason_is_kept() {
        let Message::ConnectionClose(close) =
            read(r#"{"connectionClose":[{"phase":"announce"},{"reason":"User close"}]}"#)
        else {
            panic!("a close");
        };
        assert_eq!(close.reason, Some(CloseReason::Other("User close".into())));
    }

    #[test]
    fn an_unknown_phase_or_a_waiting_out_of_range_spoils_a_hello() {
        for text in [
            r#"{"connectionHello":[{"phase":"perhaps"}]}"#,
            r#"{"connectionHello":[{"phase":"ready"},{"waiting":-1}]}"#,
            r#"{"connectionHello":[{"phase":"ready"},{"waiting":4294967296}]}"#,
            r#"{"connectionHello":[{"phase":"ready"},{"phase":"pending"}]}"#,
        ] {
            assert!(Reader::tolerant().read::<Message>(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_payload_stays_the_text_it_was() {
        let Message::Data(data) = read(
            r#"{"data":[{"header":[{"protocolId":"ee1.0"}]},{"payload":{"datagram":[{"v":1e400}]}}]}"#,
        ) else {
            panic!("data");
        };
        assert_eq!(data.payload.as_ref().map(Raw::as_str), Some(r#"{"datagram":[{"v":1e400}]}"#));
        assert_eq!(vec![data.header], vec![Some(Header::spine())]);
    }
}
