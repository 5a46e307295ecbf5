//! The cipher suites of SHIP (SHIP 1.1.0 §9.1), as rustls wants them.
//!
//! `TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256` is rustls' own.
//! `TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256`, the one that every node has, is not: rustls says that
//! it has no suites with a MAC key. It cuts the key block into client key, server key, client IV,
//! server IV; RFC 5246 §6.3 puts client MAC, server MAC, client AES and server AES key there. So
//! the rustls "key" is the MAC key here, and its "IV" the AES key.

use std::boxed::Box;

use rustls::crypto::CipherSuiteCommon;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, KeyBlockShape, MessageDecrypter,
    MessageEncrypter, OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload,
    Tls12AeadAlgorithm, UnsupportedOperationError,
};
use rustls::crypto::ring::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
use rustls::{
    CipherSuite, ConnectionTrafficSecrets, Error, SupportedCipherSuite, Tls12CipherSuite,
};

use super::cbc::{Header, Keys, MOST_TAIL, START, sealed_len};

/// The recommended suite, with a limit that fits records of 1024 instead of 16384 octets: rustls
/// ends a connection after this many, and the Go stack never does.
pub(super) static GCM: Tls12CipherSuite = gcm(1 << 28);

/// The suite that SHIP demands.
pub(super) static CBC: Tls12CipherSuite = cbc(1 << 30);

/// Longest content of a record (RFC 5246 §6.2.1).
const MOST_CONTENT: usize = 1 << 14;

const fn cbc(limit: u64) -> Tls12CipherSuite {
    let mut suite = gcm(limit);
    suite.common.suite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256;
    suite.aead_alg = &CbcHmac;
    suite
}

/// `limit`: after so many records that it has sent, rustls closes the connection.
const fn gcm(limit: u64) -> Tls12CipherSuite {
    let SupportedCipherSuite::Tls12(suite) = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 else {
        panic!("a TLS 1.2 suite")
    };
    Tls12CipherSuite {
        common: CipherSuiteCommon {
            suite: suite.common.suite,
            hash_provider: suite.common.hash_provider,
            confidentiality_limit: limit,
        },
        prf_provider: suite.prf_provider,
        kx: suite.kx,
        sign: suite.sign,
        aead_alg: suite.aead_alg,
    }
}

/// AES-128 in CBC mode around content and HMAC-SHA256.
struct CbcHmac;

impl Tls12AeadAlgorithm for CbcHmac {
    fn encrypter(&self, mac: AeadKey, aes: &[u8], _: &[u8]) -> Box<dyn MessageEncrypter> {
        Box::new(Sealer(keys(&mac, aes)))
    }

    fn decrypter(&self, mac: AeadKey, aes: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Opener(keys(&mac, aes)))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        KeyBlockShape { enc_key_len: 32, fixed_iv_len: 16, explicit_nonce_len: 0 }
    }

    fn extract_keys(
        &self,
        _: AeadKey,
        _: &[u8],
        _: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

fn keys(mac: &AeadKey, aes: &[u8]) -> Keys {
    let shape = "lengths are those of key_block_shape";
    Keys::new(mac.as_ref().try_into().expect(shape), aes.try_into().expect(shape))
}

struct Sealer(Keys);

impl MessageEncrypter for Sealer {
    /// Fails only if the system has no random numbers; rustls ends the connection's task then.
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        seq: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let OutboundPlainMessage { typ, version, payload: content } = message;
        let header = Header { seq, content_type: typ.into(), version: version.into() };
        let mut iv = [0; START];
        getrandom::fill(&mut iv).map_err(|_| Error::FailedToGetRandomBytes)?;
        let len = sealed_len(content.len());
        let mut payload = PrefixedPayload::with_capacity(len);
        payload.extend_from_slice(&iv);
        payload.extend_from_chunks(&content);
        payload.extend_from_slice(&[0; MOST_TAIL][..len - START - content.len()]);
        self.0.seal(header, iv, content.len(), payload.as_mut());
        Ok(OutboundOpaqueMessage::new(typ, version, payload))
    }

    fn encrypted_payload_len(&self, n: usize) -> usize {
        sealed_len(n)
    }
}

struct Opener(Keys);

impl MessageDecrypter for Opener {
    /// Every failure is the same error, hence the same alert.
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let content_type = message.typ.into();
        let header = Header { seq, content_type, version: message.version.into() };
        let n = self.0.open(header, &mut message.payload).ok_or(Error::DecryptError)?;
        // Only a peer that has the keys gets this far.
        if n > MOST_CONTENT {
            return Err(Error::PeerSentOversizedRecord);
        }
        Ok(message.into_plain_message_range(START..START + n))
    }
}
