//! TLS as SHIP wants it: suites, certificates, records (SHIP 1.1.0 §9, §12.1, §12.2).

mod certificates;
mod naive;
mod openssl;
pub(crate) mod peer;
mod records;
mod suites;
