//! Who a node is: its key, the hash of that key, the certificate that carries both
//! (SHIP 1.1.0 §12.1, §12.2).

#[cfg(feature = "tokio")]
mod certificate;
#[cfg(feature = "tokio")]
mod own;
mod ski;

#[cfg(feature = "tokio")]
pub use certificate::{CertificateError, PublicKey};
#[cfg(feature = "tokio")]
pub use own::{Identity, IdentityError};
pub use ski::{ParseSkiError, Ski};
