//! Records of the demanded suite after the handshake, good, bad and odd, made from the session's
//! own keys. That opening one takes the same time whatever is in it is tested beside the code.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::cipher::{OutboundChunks, OutboundPlainMessage};
use rustls::{ContentType, Error, ProtocolVersion};
use ship::net::{LinkError, Secured};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;
use tokio_rustls::TlsStream;

use super::naive::{Keys, open, padding};
use super::peer::{CBC, Peer, Secrets, split, us};

/// Numbers without a pattern, the same ones every time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 as usize % n
    }

    fn octets(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.below(256) as u8).collect()
    }
}

fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3], &(payload.len() as u16).to_be_bytes()[..], payload].concat()
}

const KEYS: Keys = Keys { mac: [1; 32], aes: [2; 16] };

#[test]
fn what_we_seal_is_what_the_standard_says() {
    let (mut sealer, mut random) = (KEYS.sealer(), Random(1));
    let mut ivs = BTreeSet::new();
    for n in (0..1100).chain([16383, 16384]) {
        let (seq, content) = (n as u64, random.octets(n));
        let message = OutboundPlainMessage {
            typ: ContentType::ApplicationData,
            version: ProtocolVersion::TLSv1_2,
            payload: OutboundChunks::Single(&content),
        };
        let record = sealer.encrypt(message, seq).expect("random numbers").encode();
        assert_eq!(record.len() - 5, sealer.encrypted_payload_len(n));
        assert_eq!(KEYS.open(seq, 23, &record[5..]), Some(content));
        ivs.insert(record[5..21].to_vec());
    }
    assert_eq!(ivs.len(), 1102, "every record has an IV of its own");
}

#[test]
fn every_flipped_bit_and_every_truncation_is_noticed() {
    let mut opener = KEYS.opener();
    for (n, more) in [(0, 0), (1, 3), (35, 1), (200, 0), (1024, 0), (600, 14)] {
        let payload = KEYS.seal(5, 23, &vec![6; n], padding(n, more));
        assert!(open(&mut *opener, 5, &payload).is_ok());
        assert_eq!(open(&mut *opener, 6, &payload), Err(Error::DecryptError));
        for bit in 0..8 * payload.len() {
            let mut payload = payload.clone();
            payload[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&mut *opener, 5, &payload), Err(Error::DecryptError), "bit {bit}");
        }
        for len in 0..payload.len() {
            assert_eq!(open(&mut *opener, 5, &payload[..len]), Err(Error::DecryptError));
        }
    }
}

/// Content and MAC fill whole blocks; the padding follows in the clear.
#[test]
fn octets_after_the_last_block_are_refused() {
    let mut opener = KEYS.opener();
    for padding in 0..15 {
        let mut plain = KEYS.plain(5, 23, &[6; 32], padding);
        let rest = plain.split_off(64);
        let payload = [KEYS.encrypt(plain), rest].concat();
        assert_eq!(open(&mut *opener, 5, &payload), Err(Error::DecryptError));
    }
}

#[test]
fn content_ends_at_16384_octets() {
    let mut opener = KEYS.opener();
    for n in [0, 1, 16384] {
        let payload = KEYS.seal(1, 23, &vec![9; n], padding(n, 2));
        assert_eq!(open(&mut *opener, 1, &payload).expect("a good record").len(), n);
    }
    let payload = KEYS.seal(4, 23, &[9; 16385], padding(16385, 0));
    assert_eq!(open(&mut *opener, 4, &payload), Err(Error::PeerSentOversizedRecord));
}

/// The same verdict, and the same content, as by the obvious way.
#[test]
fn random_damage_gets_the_naive_verdict() {
    let (mut opener, mut random) = (KEYS.opener(), Random(2));
    let (mut accepted, mut refused) = (0, 0);
    for seq in 0..5_000 {
        let n = random.below(1100);
        let content = random.octets(n);
        let more = random.below(15).min((240 - n % 16) / 16);
        let mut payload = KEYS.seal(seq, 23, &content, padding(n, more));
        let (len, flip) = (payload.len(), random.below(256) as u8);
        match random.below(4) {
            0 => {}
            1 => payload[random.below(len)] ^= flip,
            // Near the end are the padding and the MAC.
            2 => payload[len - 1 - random.below(96).min(len - 1)] ^= flip,
            _ => payload.truncate(len - random.below(64)),
        }
        let got = open(&mut *opener, seq, &payload).ok();
        assert_eq!(got, KEYS.open(seq, 23, &payload), "{n} octets");
        if got.is_some() { accepted += 1 } else { refused += 1 }
    }
    assert!(accepted > 1000 && refused > 1000, "{accepted} {refused}");
}

/// All lengths and padding octets, each right, with a wrong MAC, with wrong padding.
#[test]
fn crafted_ends_get_the_naive_verdict() {
    let (mut opener, mut random) = (KEYS.opener(), Random(3));
    let mut accepted = 0;
    for len in (48..=352_usize).step_by(16) {
        for padding in 0..=255 {
            let mut cases = Vec::new();
            if let Some(n) = len.checked_sub(usize::from(padding) + 33) {
                let plain = KEYS.plain(0, 23, &random.octets(n), padding);
                // The last octet of the MAC, the first of the padding.
                for broken in [n + 31, n + 32] {
                    let mut plain = plain.clone();
                    plain[broken] ^= 0x80;
                    cases.push((plain, false));
                }
                cases.push((plain, true));
            } else {
                // Claims more padding than there is room for.
                let mut plain = random.octets(len);
                plain[len.saturating_sub(256)..].fill(padding);
                cases.push((plain, false));
            }
            for (plain, expected) in cases {
                let payload = KEYS.encrypt(plain);
                let got = open(&mut *opener, 0, &payload);
                assert_eq!(got.clone().ok(), KEYS.open(0, 23, &payload));
                assert_eq!(got.is_ok(), expected, "length {len}, padding {padding}");
                if !expected {
                    assert_eq!(got, Err(Error::DecryptError));
                }
                accepted += u32::from(expected);
            }
        }
    }
    assert_eq!(accepted, 3200);
}

/// A session with us, and the keys of what the peer and of what we seal.
struct Session {
    ours: Secured<DuplexStream>,
    stream: DuplexStream,
    peers: Keys,
    own: Keys,
}

impl Session {
    async fn new(is_dialled: bool) -> Self {
        let secrets = Arc::new(Secrets::default());
        let mut peer = Peer::honest().of_suites(&[CBC]);
        peer.key_log = secrets.clone();
        let us = us();
        let meeting =
            if is_dialled { peer.answers(&us, None).await } else { peer.dials(&us).await };
        let (client_random, master) = secrets.0.lock().expect("not poisoned").clone();
        // The peer's cryptography has done its part; from here on it speaks by hand.
        let tap = match meeting.theirs.expect("TLS") {
            TlsStream::Client(tls) => tls.into_inner().0,
            TlsStream::Server(tls) => tls.into_inner().0,
        };
        let server = if is_dialled { &tap.said } else { &tap.heard };
        let server_random = &split(server)[0].1[6..38];
        let [client, server] = Keys::of_session(&master, &client_random, server_random);
        let (peers, own) = if is_dialled { (server, client) } else { (client, server) };
        Self { ours: meeting.ours.expect("TLS"), stream: tap.stream, peers, own }
    }

    /// Says this to us, who go on to the WebSocket; how that ends, and the alert that we send.
    async fn ends(mut self, records: &[u8]) -> (LinkError, Vec<u8>) {
        self.stream.write_all(records).await.expect("sent");
        let (ended, heard) = tokio::join!(self.ours.open("peer", "/ship/"), async {
            let mut heard = Vec::new();
            let read = self.stream.read_to_end(&mut heard);
            timeout(Duration::from_secs(10), read).await.expect("closed").expect("readable");
            heard
        });
        // The first record was Finished; in the role of a client a request went out before the
        // alert.
        let records = split(&heard);
        let (seq, (kind, payload)) = (1..).zip(records).last().expect("an alert");
        assert_eq!(kind, 21);
        (ended.expect_err("damaged"), self.own.open(seq, 21, payload).expect("a good record"))
    }
}

const FATAL: u8 = 2;
const BAD_RECORD_MAC: u8 = 20;

#[tokio::test]
async fn every_kind_of_damage_is_bad_record_mac_in_both_roles() {
    type Damage = fn(&Keys) -> Vec<u8>;
    let damages: &[(&str, Damage)] = &[
        ("iv", |keys| record(23, &flip(keys.seal(1, 23, b"hello", padding(5, 1)), 3))),
        ("content", |keys| record(23, &flip(keys.seal(1, 23, b"hello", padding(5, 1)), 17))),
        ("mac", |keys| record(23, &keys.encrypt(vec![0; 48]))),
        ("padding length", |keys| record(23, &flip(keys.seal(1, 23, b"hello", padding(5, 1)), 47))),
        ("padding", |keys| {
            let mut plain = vec![7; 48];
            plain[45] = 6;
            record(23, &keys.encrypt(plain))
        }),
        ("more padding than there is room for", |keys| record(23, &keys.encrypt(vec![255; 48]))),
        ("type", |keys| record(22, &keys.seal(1, 23, b"hello", padding(5, 0)))),
        ("version", |keys| {
            let mut record = record(23, &keys.seal(1, 23, b"hello", padding(5, 0)));
            record[2] = 2;
            record
        }),
        ("order", |keys| record(23, &keys.seal(2, 23, b"hello", padding(5, 0)))),
        ("replay of the last handshake record", |keys| {
            record(22, &keys.seal(0, 22, &[20, 0, 0, 0], padding(4, 0)))
        }),
        ("short", |_| record(23, &[0; 48])),
        ("not whole blocks", |_| record(23, &[0; 65])),
        ("empty", |_| record(23, &[])),
    ];
    for (name, damage) in damages {
        for is_dialled in [false, true] {
            let session = Session::new(is_dialled).await;
            let records = damage(&session.peers);
            let (error, alert) = session.ends(&records).await;
            assert!(
                matches!(&error, LinkError::Tls(error) if **error == Error::DecryptError),
                "{name}: {error:?}"
            );
            assert_eq!(alert, [FATAL, BAD_RECORD_MAC], "{name}");
        }
    }
}

fn flip(mut payload: Vec<u8>, at: usize) -> Vec<u8> {
    payload[at] ^= 1;
    payload
}

/// An upgrade in 256 records, each with another padding.
#[tokio::test]
async fn every_padding_is_accepted() {
    let Session { ours, mut stream, peers, own } = Session::new(false).await;
    let mut request = String::from(
        "GET /ship/ HTTP/1.1\r\nHost: us\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
         Sec-WebSocket-Protocol: ship\r\nFiller: ",
    );
    let mut records = Vec::new();
    for padding in 0..=255_u8 {
        let n = usize::from(!padding % 16);
        let part = match padding {
            // Long enough for all of the head, and with as many octets as the padding asks for.
            0 => {
                while request.len() % 16 != n {
                    request.push('-');
                }
                request.clone()
            }
            255 => format!("{}\r\n\r\n", "-".repeat(n + 12)),
            _ => "-".repeat(n),
        };
        records
            .extend(record(23, &peers.seal(u64::from(padding) + 1, 23, part.as_bytes(), padding)));
    }
    stream.write_all(&records).await.expect("sent");
    ours.open("us", "/ship/").await.expect("an upgrade");
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.expect("readable");
    let answer = own.open(1, 23, split(&heard)[0].1).expect("a good record");
    assert!(answer.starts_with(b"HTTP/1.1 101 "));
}

/// rustls refuses a run of records that carry nothing.
#[tokio::test]
async fn empty_records_without_end_close_the_connection() {
    let Session { ours, mut stream, peers, .. } = Session::new(false).await;
    let records: Vec<_> =
        (1..=40).flat_map(|seq| record(23, &peers.seal(seq, 23, b"", 15))).collect();
    stream.write_all(&records).await.expect("sent");
    let ended = ours.open("us", "/ship/").await;
    assert!(matches!(ended, Err(LinkError::Tls(_))), "{ended:?}");
}

/// One polite no (§9.1), then an end.
#[tokio::test]
async fn renegotiation_is_refused() {
    let session = Session::new(true).await;
    let hello_request = |seq| record(22, &session.peers.seal(seq, 22, &[0; 4], padding(4, 0)));
    let records = [hello_request(1), hello_request(2)].concat();
    let (error, _) = session.ends(&records).await;
    assert!(matches!(error, LinkError::Tls(_)), "{error:?}");
}
