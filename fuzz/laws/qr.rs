// What holds for whatever a QR code may say.

use ship::identity::QrText;

/// A QR text is read or refused; what was read, as far as it may be written, is written so that it
/// is read again as the same.
pub(crate) fn holds(octets: &[u8]) {
    let Ok(text) = core::str::from_utf8(octets) else { return };
    let Ok(qr) = text.parse::<QrText>() else { return };
    let Ok(written) = qr.write() else { return };
    assert_eq!(written.parse().as_ref(), Ok(&qr), "{written}");
    assert_eq!(qr.write().as_ref(), Ok(&written));
}
