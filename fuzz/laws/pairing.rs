// What holds for the strings of any TXT record of the Pairing Service.

use ship::pairing::Request;

/// A pairing request is read or refused; one that was read says the same when it is written.
/// Strings are separated by zero octets.
pub(crate) fn holds(octets: &[u8]) {
    let Ok(text) = core::str::from_utf8(octets) else { return };
    let strings = || text.split('\0').filter_map(|string| string.split_once('='));
    let Ok(request) = Request::read(strings()) else { return };
    let txt = request.txt();
    assert_eq!(txt.len(), 11);
    let again = Request::read(txt.iter().map(|(key, value)| (*key, value.as_str())));
    assert_eq!(again.as_ref(), Ok(&request));
    // What is signed is what is said: nobody signs one text and has another one read.
    for (key, value) in &txt {
        let said = strings().find(|(said, _)| said.eq_ignore_ascii_case(key));
        assert_eq!(said.map(|(_, value)| value), Some(value.as_str()), "{key}");
    }
}
