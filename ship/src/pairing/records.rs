//! The requests that are on the network just now, as far as they concern us.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use super::Request;

/// So many are remembered: there is one control unit, and not many want to be it.
const MOST: usize = 32;

/// Requests by the names of their instances, the oldest first. One that has been judged for good
/// makes room before others do.
#[derive(Debug, Default)]
pub(crate) struct Records(VecDeque<Record>);

#[derive(Debug)]
struct Record {
    name: Box<str>,
    request: Request,
    is_judged: bool,
}

impl Records {
    /// A request is announced, or still is.
    pub(crate) fn there(&mut self, name: &str, request: Request) {
        if let Some(known) = self.0.iter_mut().find(|record| *record.name == *name) {
            if known.request != request {
                known.request = request;
                known.is_judged = false;
            }
            return;
        }
        if self.0.len() >= MOST {
            let judged = self.0.iter().position(|record| record.is_judged);
            self.0.remove(judged.unwrap_or(0));
        }
        self.0.push_back(Record { name: name.into(), request, is_judged: false });
    }

    /// The instance of this name is no longer announced.
    pub(crate) fn gone(&mut self, name: &str) {
        self.0.retain(|record| *record.name != *name);
    }

    /// The requests that have not been judged for good.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Request> {
        self.0.iter().filter(|record| !record.is_judged).map(|record| &record.request)
    }

    /// A request has been judged for good.
    pub(crate) fn judged(&mut self, digest: &[u8; 32]) {
        for record in &mut self.0 {
            record.is_judged |= record.request.digest() == digest;
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::*;
    use crate::identity::{Curve, Fingerprint};
    use crate::pairing::{Party, Secret, Terms};

    fn request(nonce: u8) -> Request {
        let party = |n: u8| Party { ship_id: "x".into(), fingerprint: Fingerprint::new([n; 32]) };
        let curve = Curve::Secp256r1;
        let terms = Terms { asked: party(1), asker: party(2), curve, nonce: [nonce; 16] };
        Request::sign(terms, &Secret::new([9; 16]))
    }

    fn open(records: &Records) -> Vec<u8> {
        records.open().map(|request| request.terms().nonce[0]).collect()
    }

    #[test]
    fn a_request_is_open_until_it_is_judged_or_gone() {
        let mut records = Records::default();
        records.there("a", request(1));
        records.there("b", request(2));
        records.there("a", request(1));
        assert_eq!(open(&records), [1, 2]);
        records.judged(request(1).digest());
        records.there("a", request(1));
        assert_eq!(open(&records), [2]);
        // Another request under the same name is another request.
        records.there("a", request(3));
        assert_eq!(open(&records), [3, 2]);
        records.gone("b");
        assert_eq!(open(&records), [3]);
    }

    #[test]
    fn it_is_bounded_and_what_is_judged_makes_room_first() {
        let mut records = Records::default();
        for n in 0..32 {
            records.there(&format!("{n}"), request(n));
        }
        records.judged(request(7).digest());
        records.there("new", request(100));
        assert_eq!(records.0.len(), MOST);
        assert!(open(&records).contains(&0) && open(&records).contains(&100));
        records.there("newer", request(101));
        assert_eq!(records.0.len(), MOST);
        assert!(!open(&records).contains(&0));
    }
}
