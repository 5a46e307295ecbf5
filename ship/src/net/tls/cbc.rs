//! Protection of one record of a CBC suite (RFC 5246 §6.2.3.2).
//!
//! A payload is `IV (16) | AES-CBC(content | HMAC-SHA256 (32) | padding)`, the padding being p + 1
//! octets of value p. The MAC is inside the encryption, so the receiver works on lengths that
//! nobody has vouched for yet, and any trace of them in its timing reveals plaintext (the attack
//! "Lucky 13"). Here branches, memory addresses and the number of hash compressions depend on the
//! payload's length alone; a record is judged once, at the end.

use core::hint::black_box;

use aes::Aes128;
use aes::cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroize;

const BLOCK: usize = 16;
const MAC: usize = 32;
/// What the MAC covers before the content: sequence number, type, version, length.
const HEADER: usize = 13;
/// Longest payload of a TLS 1.2 record.
const LONGEST: usize = (1 << 14) + 2048;

/// Where the content starts in a payload.
pub(super) const START: usize = BLOCK;
/// The most that follows the content if the padding is short.
pub(super) const MOST_TAIL: usize = MAC + BLOCK;

/// Length of the payload that carries `n` octets with the shortest padding.
pub(super) const fn sealed_len(n: usize) -> usize {
    START + (n + MOST_TAIL) / BLOCK * BLOCK
}

/// What the MAC covers besides the content and its length.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) seq: u64,
    pub(super) content_type: u8,
    pub(super) version: u16,
}

impl Header {
    fn encode(self, len: u32) -> [u8; HEADER] {
        let mut out = [0; HEADER];
        out[..8].copy_from_slice(&self.seq.to_be_bytes());
        out[8] = self.content_type;
        out[9..11].copy_from_slice(&self.version.to_be_bytes());
        out[11..].copy_from_slice(&(len as u16).to_be_bytes());
        out
    }
}

/// The keys of one direction.
pub(super) struct Keys {
    /// SHA-256 states after the two key blocks of HMAC.
    inner: [u32; 8],
    outer: [u32; 8],
    aes: Aes128,
}

impl Keys {
    pub(super) fn new(mac: &[u8; MAC], aes: &[u8; BLOCK]) -> Self {
        let start = |fill: u8| {
            let mut block = [fill; 64];
            for (octet, key) in block.iter_mut().zip(mac) {
                *octet ^= key;
            }
            let mut state = INITIAL;
            compress(&mut state, &[block]);
            block.zeroize();
            state
        };
        Self { inner: start(0x36), outer: start(0x5c), aes: Aes128::new(aes.into()) }
    }

    /// Protects the `n` octets of content at [`START`] of `payload`; what follows is padding.
    pub(super) fn seal(&self, header: Header, iv: [u8; BLOCK], n: usize, payload: &mut [u8]) {
        let end = BLOCK + n;
        payload[BLOCK - HEADER..BLOCK].copy_from_slice(&header.encode(n as u32));
        let mac = self.mac(&payload[BLOCK - HEADER..end], HEADER + n, (HEADER + n) as u32);
        payload[..BLOCK].copy_from_slice(&iv);
        let padding = payload.len() - end - MAC;
        payload[end..end + MAC].copy_from_slice(&mac);
        payload[end + MAC..].fill((padding - 1) as u8);
        let (blocks, _) = Array::slice_as_chunks_mut(&mut payload[BLOCK..]);
        cbc::Encryptor::inner_iv_init(&self.aes, &iv.into()).encrypt_blocks(blocks);
    }

    /// Decrypts `payload` in place and returns the length of the content at [`START`].
    pub(super) fn open(&self, header: Header, payload: &mut [u8]) -> Option<usize> {
        let whole_blocks = payload.len().is_multiple_of(BLOCK);
        if !whole_blocks || !(sealed_len(0)..=LONGEST).contains(&payload.len()) {
            return None;
        }
        let (iv, plain) = payload.split_first_chunk_mut::<BLOCK>()?;
        let (blocks, _) = Array::slice_as_chunks_mut(plain);
        cbc::Decryptor::inner_iv_init(&self.aes, &(*iv).into()).decrypt_blocks(blocks);

        // The longest and the shortest content this many octets can hold: public.
        let most = plain.len() - MAC - 1;
        let least = most.saturating_sub(255);

        // Padding. If it is wrong go on as if it were one octet.
        let padding = black_box(u32::from(plain[most + MAC]));
        let mut wrong = !less(padding, most as u32 + 1) & 0xff;
        for (i, &octet) in (0..).zip(plain[least + MAC..].iter().rev()) {
            wrong |= (u32::from(octet) ^ padding) & less(i, padding + 1);
        }
        let good = black_box(equal(wrong, 0));
        let n = black_box(most as u32 - (padding & good));

        // The MAC that arrived, n octets in: gather it rotated, then turn it back.
        let mut received = [0; MAC];
        for (i, octet) in plain[least..most + MAC].iter().enumerate() {
            let at = (least + i) as u32;
            received[i % MAC] |= octet & (less(at, n + MAC as u32) & !less(at, n)) as u8;
        }
        let turn = n - least as u32;
        for bit in 0..5 {
            let mask = black_box(0u32.wrapping_sub(turn >> bit & 1)) as u8;
            let old = received;
            for (j, octet) in received.iter_mut().enumerate() {
                *octet ^= (*octet ^ old[(j + (1 << bit)) % MAC]) & mask;
            }
        }

        // The MAC that should have. The IV has served, its room takes the header.
        payload[BLOCK - HEADER..BLOCK].copy_from_slice(&header.encode(n));
        let message = &payload[BLOCK - HEADER..BLOCK + most];
        let expected = self.mac(message, HEADER + least, HEADER as u32 + n);

        let ok = Choice::from((good & 1) as u8) & received.ct_eq(&expected);
        bool::from(ok).then_some(n as usize)
    }

    /// HMAC of the first `len` octets of `longest`; `len` is secret, its bounds are not.
    fn mac(&self, longest: &[u8], min: usize, len: u32) -> [u8; MAC] {
        let len = black_box(len);
        let last = (len + 8) >> 6;
        let bits = (u64::from(len) + 64) << 3;

        // Blocks that hold message octets whatever `len` is.
        let (clear, rest) = longest.split_at(min / 64 * 64);
        let mut state = self.inner;
        compress(&mut state, clear.as_chunks().0);

        // Then every block up to the last one of the longest message, each as it would be if the
        // message ended at `len`, and the state after the one where it does.
        let first = clear.len() / 64;
        let mut result = [0; 8];
        for i in first..=(longest.len() + 8) / 64 {
            let mut block = [0; 64];
            let part = rest.chunks(64).nth(i - first).unwrap_or_default();
            block[..part.len()].copy_from_slice(part);
            for (j, octet) in block.iter_mut().enumerate() {
                let at = (64 * i + j) as u32;
                *octet = *octet & less(at, len) as u8 | 0x80 & equal(at, len) as u8;
            }
            let is_last = black_box(equal(i as u32, last));
            for (octet, bits) in block[56..].iter_mut().zip(bits.to_be_bytes()) {
                *octet |= bits & is_last as u8;
            }
            compress(&mut state, &[block]);
            for (word, state) in result.iter_mut().zip(state) {
                *word |= state & is_last;
            }
        }

        let mut block = [0; 64];
        block[..MAC].copy_from_slice(&octets(result));
        block[MAC] = 0x80;
        block[56..].copy_from_slice(&((64 + MAC as u64) * 8).to_be_bytes());
        let mut state = self.outer;
        compress(&mut state, &[block]);
        octets(state)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

/// All ones if `a < b`, else zero; both below 2^31.
#[inline(always)]
fn less(a: u32, b: u32) -> u32 {
    (a.wrapping_sub(b) as i32 >> 31) as u32
}

/// All ones if `a == b`, else zero; both below 2^31.
#[inline(always)]
fn equal(a: u32, b: u32) -> u32 {
    !less(0, a ^ b)
}

fn octets(state: [u32; 8]) -> [u8; MAC] {
    let mut out = [0; MAC];
    for (octets, word) in out.chunks_exact_mut(4).zip(state) {
        octets.copy_from_slice(&word.to_be_bytes());
    }
    out
}

fn compress(state: &mut [u32; 8], blocks: &[[u8; 64]]) {
    #[cfg(test)]
    tests::count(blocks.len());
    sha2::block_api::compress256(state, blocks);
}

/// The state SHA-256 starts from (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

#[cfg(test)]
mod tests {
    use core::cell::Cell;
    use std::collections::BTreeSet;
    use std::thread_local;
    use std::vec;

    use super::*;

    thread_local! {
        /// Calls of `compress`, and blocks in them.
        static COUNTED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    }

    pub(super) fn count(blocks: usize) {
        COUNTED.set((COUNTED.get().0 + 1, COUNTED.get().1 + blocks));
    }

    const HEAD: Header = Header { seq: 7, content_type: 23, version: 0x0303 };
    const IV: [u8; 16] = [3; 16];

    fn keys() -> Keys {
        Keys::new(&[1; 32], &[2; 16])
    }

    /// The hash work of opening `payload`, and the verdict.
    fn open(keys: &Keys, payload: &mut [u8]) -> ((usize, usize), Option<usize>) {
        COUNTED.set((0, 0));
        let verdict = keys.open(HEAD, payload);
        (COUNTED.get(), verdict)
    }

    /// The main regression test against Lucky 13.
    #[test]
    fn compressions_depend_on_the_length_alone() {
        let keys = keys();
        let mut leaky = 0;
        let lengths = (sealed_len(0)..=400).step_by(BLOCK).chain([1088, LONGEST]);
        for len in lengths {
            let mut seen = BTreeSet::new();
            // Every padding octet, the padding whole or broken in its first octet, the MAC wrong.
            for padding in 0..=255 {
                for broken in [false, true] {
                    let mut payload = vec![padding; len];
                    payload[..START].copy_from_slice(&IV);
                    let first = len.saturating_sub(usize::from(padding) + 1).max(START);
                    payload[first] ^= u8::from(broken) << 7;
                    let (blocks, _) = Array::slice_as_chunks_mut(&mut payload[START..]);
                    cbc::Encryptor::inner_iv_init(&keys.aes, &IV.into()).encrypt_blocks(blocks);
                    let (work, verdict) = open(&keys, &mut payload);
                    assert_eq!(verdict, None);
                    seen.insert(work);
                }
            }
            // Every valid content.
            let most = len - START - MAC - 1;
            let least = most.saturating_sub(255);
            for n in least..=most {
                let mut payload = vec![0; len];
                keys.seal(HEAD, IV, n, &mut payload);
                let (work, verdict) = open(&keys, &mut payload);
                assert_eq!(verdict, Some(n));
                seen.insert(work);
            }
            assert_eq!(seen.len(), 1, "payload of {len}: {seen:?}");
            // What a plain HMAC of these contents takes: the leak this test is there to notice.
            let [naive, worst] = [least, most].map(|n| (HEADER + n + 8) / 64 + 2);
            assert_eq!(seen.first().map(|(_, blocks)| *blocks), Some(worst));
            leaky += usize::from(naive < worst);
        }
        // The lengths were worth looking at.
        assert!(leaky > 18, "{leaky}");
    }

    #[test]
    fn masks_compare() {
        for (a, b) in [(0, 0), (0, 1), (1, 0), (255, 256), (16384, 16384), (0x7fff_ffff, 0)] {
            assert_eq!(less(a, b) == u32::MAX, a < b);
            assert_eq!(equal(a, b) == u32::MAX, a == b);
        }
    }

    #[test]
    fn impossible_lengths_are_refused() {
        for len in (0..sealed_len(0)).chain([65, 79, LONGEST + 16]) {
            assert_eq!(keys().open(HEAD, &mut vec![0; len]), None, "{len}");
        }
    }
}
