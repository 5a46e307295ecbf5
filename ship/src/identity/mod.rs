//! Who a node is: its key, the hash of that key, the certificate that carries both
//! (SHIP 1.1.0 §12.1, §12.2).

#[cfg(feature = "tokio")]
mod certificate;
mod curve;
#[cfg(feature = "tokio")]
mod der;
mod fingerprint;
pub(crate) mod hex;
#[cfg(feature = "tokio")]
mod own;
mod qr;
mod ski;

#[cfg(feature = "tokio")]
pub use certificate::{CertificateError, PublicKey};
pub use curve::Curve;
pub use fingerprint::{Fingerprint, ParseFingerprintError};
#[cfg(feature = "tokio")]
pub(crate) use own::random;
#[cfg(feature = "tokio")]
pub use own::{Identity, IdentityError, RandomError};
pub use qr::{KeyFacts, NominalPower, QrError, QrText, Watts};
pub use ski::{ParseSkiError, Ski};
