//! The demanded suite once more, the obvious way: what makes records, and what judges them.

use aes::cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use rustls::crypto::cipher::{AeadKey, InboundOpaqueMessage, MessageDecrypter, MessageEncrypter};
use rustls::{
    CipherSuite, ContentType, Error, ProtocolVersion, SupportedCipherSuite, Tls12CipherSuite,
};
use sha2::Sha256;

/// The keys of one direction.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) mac: [u8; 32],
    pub(crate) aes: [u8; 16],
}

impl Keys {
    /// The keys of both directions, the client's first (RFC 5246 §5, §6.3).
    pub(crate) fn of_session(
        master: &[u8],
        client_random: &[u8],
        server_random: &[u8],
    ) -> [Self; 2] {
        let hmac = |parts: &[&[u8]]| {
            let mut hmac = Hmac::<Sha256>::new_from_slice(master).expect("any length");
            parts.iter().for_each(|part| hmac.update(part));
            hmac.finalize().into_bytes()
        };
        let seed = [b"key expansion", server_random, client_random].concat();
        let (mut a, mut block) = (hmac(&[&seed]), Vec::new());
        while block.len() < 96 {
            block.extend(hmac(&[&a, &seed]));
            a = hmac(&[&a]);
        }
        [0, 1].map(|i| Self {
            mac: block[32 * i..][..32].try_into().expect("32 octets"),
            aes: block[64 + 16 * i..][..16].try_into().expect("16 octets"),
        })
    }

    fn mac(&self, seq: u64, kind: u8, content: &[u8]) -> [u8; 32] {
        let mut hmac = Hmac::<Sha256>::new_from_slice(&self.mac).expect("any length");
        hmac.update(&seq.to_be_bytes());
        hmac.update(&[kind, 3, 3]);
        hmac.update(&(content.len() as u16).to_be_bytes());
        hmac.update(content);
        hmac.finalize().into_bytes().into()
    }

    /// Content, MAC and `padding + 1` octets of padding, before encryption.
    pub(crate) fn plain(&self, seq: u64, kind: u8, content: &[u8], padding: u8) -> Vec<u8> {
        let mut plain = [content, &self.mac(seq, kind, content)].concat();
        plain.resize(plain.len() + usize::from(padding) + 1, padding);
        plain
    }

    /// A payload: the IV, and whole blocks encrypted.
    pub(crate) fn encrypt(&self, mut plain: Vec<u8>) -> Vec<u8> {
        let iv = [0x5a; 16];
        let (blocks, rest) = Array::slice_as_chunks_mut(&mut plain);
        assert!(rest.is_empty());
        cbc::Encryptor::<aes::Aes128>::new(&self.aes.into(), &iv.into()).encrypt_blocks(blocks);
        [&iv[..], &plain].concat()
    }

    pub(crate) fn seal(&self, seq: u64, kind: u8, content: &[u8], padding: u8) -> Vec<u8> {
        self.encrypt(self.plain(seq, kind, content, padding))
    }

    /// The content, judged step by step as RFC 5246 §6.2.3.2 says it.
    pub(crate) fn open(&self, seq: u64, kind: u8, payload: &[u8]) -> Option<Vec<u8>> {
        let (iv, sealed) = payload.split_first_chunk::<16>()?;
        let mut plain = sealed.to_vec();
        let (blocks, rest) = Array::slice_as_chunks_mut(&mut plain);
        if !rest.is_empty() {
            return None;
        }
        cbc::Decryptor::<aes::Aes128>::new(&self.aes.into(), &(*iv).into()).decrypt_blocks(blocks);
        let padding = *plain.last()?;
        let (inner, tail) =
            plain.split_at_checked(plain.len().checked_sub(usize::from(padding) + 1)?)?;
        let (content, mac) = inner.split_at_checked(inner.len().checked_sub(32)?)?;
        let is_good =
            tail.iter().all(|octet| *octet == padding) && mac == self.mac(seq, kind, content);
        is_good.then(|| content.to_vec())
    }

    /// What rustls opens with.
    pub(crate) fn opener(&self) -> Box<dyn MessageDecrypter> {
        suite().aead_alg.decrypter(AeadKey::from(self.mac), &self.aes)
    }

    /// What rustls seals with.
    pub(crate) fn sealer(&self) -> Box<dyn MessageEncrypter> {
        suite().aead_alg.encrypter(AeadKey::from(self.mac), &self.aes, &[])
    }
}

fn suite() -> &'static Tls12CipherSuite {
    let suites = ship::net::provider().cipher_suites;
    let found = suites.into_iter().find_map(|suite| match suite {
        SupportedCipherSuite::Tls12(suite)
            if suite.common.suite == CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 =>
        {
            Some(suite)
        }
        _ => None,
    });
    found.expect("every node has it")
}

/// The content of a record with application data, or the error.
pub(crate) fn open(
    opener: &mut dyn MessageDecrypter,
    seq: u64,
    payload: &[u8],
) -> Result<Vec<u8>, Error> {
    let (mut payload, version) = (payload.to_vec(), ProtocolVersion::TLSv1_2);
    let message = InboundOpaqueMessage::new(ContentType::ApplicationData, version, &mut payload);
    opener.decrypt(message, seq).map(|message| message.payload.to_vec())
}

/// Padding for `n` octets of content: the shortest, plus whole blocks.
pub(crate) fn padding(n: usize, more: usize) -> u8 {
    (15 - (n + 32) % 16 + 16 * more) as u8
}
