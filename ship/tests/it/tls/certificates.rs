//! Which certificates pass, in both roles (SHIP 1.1.0 §12.1, §12.2).

use rcgen::{
    CertificateParams, CustomExtension, IsCa, Issuer, KeyIdMethod, KeyPair, PKCS_ECDSA_P384_SHA384,
};
use ship::identity::{CertificateError, Fingerprint, Identity};
use ship::net::{LinkError, Tls, provider};
use ship::{Role, Ski};

use super::peer::{Peer, key_id, us};

/// The peer is known by its key in both roles.
async fn passes(peer: Peer, what: &str) {
    for met in peer.meets(&us()).await {
        assert_eq!(met.ok(), Some(peer.ski()), "{what}");
    }
}

/// The peer is refused in both roles, inside TLS: it never gets as far as an HTTP request.
async fn is_refused(peer: Peer, why: CertificateError) {
    let us = us();
    for meeting in [peer.dials(&us).await, peer.answers(&us, None).await] {
        match meeting.ours {
            Err(LinkError::Certificate(refusal)) => assert_eq!(refusal, why),
            other => panic!("{why:?}, not {other:?}"),
        }
        let told = meeting.theirs.expect_err("refused").to_string();
        assert!(told.contains("BadCertificate"), "{told}");
    }
}

#[tokio::test]
async fn what_says_nothing_about_the_key_does_not_count() {
    passes(Peer::honest(), "the usual").await;
    let expired = Peer::with(|params, _| {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    });
    passes(expired, "expired").await;
    let early = Peer::with(|params, _| params.not_before = rcgen::date_time_ymd(2099, 1, 1));
    passes(early, "not yet valid").await;
    let leaf = Peer::with(|params, ski| {
        // The library states the SKI itself then.
        params.is_ca = IsCa::ExplicitNoCa;
        params.custom_extensions.clear();
        params.key_identifier_method = KeyIdMethod::PreSpecified(ski.as_octets().to_vec());
    });
    passes(leaf, "CA:FALSE").await;
    for (critical, ca) in [(0xff, 0xff), (0xff, 0x01), (0x01, 0xff), (0x01, 0x01)] {
        // Elli wallboxes write TRUE as 0x01.
        passes(Peer::with_booleans(critical, ca), "a BOOLEAN").await;
    }
    // notBefore in month 91: not for a parser of X.509.
    passes(Peer::honest().edit(b"750101000000Z", b"759101000000Z"), "no date").await;
}

#[tokio::test]
async fn a_certificate_that_somebody_else_has_issued_passes() {
    let mut peer = Peer::honest();
    let root = KeyPair::generate().expect("a key");
    let root_params = CertificateParams::default();
    let mut params = CertificateParams::default();
    params.custom_extensions = vec![key_id(peer.ski().as_octets())];
    let issuer = Issuer::from_params(&root_params, &root);
    let leaf = params.signed_by(&peer.pair, &issuer).expect("a certificate");
    peer.chain = vec![leaf.der().clone()];
    passes(peer, "issued").await;
}

#[tokio::test]
async fn the_stated_ski_is_the_hash_of_the_key() {
    let stated = |id: &'static [u8]| {
        Peer::with(move |params, _| params.custom_extensions = vec![key_id(id)])
    };
    is_refused(stated(&[7; 20]), CertificateError::Mismatch).await;
    for id in [&[7; 19][..], &[7; 32], &[]] {
        is_refused(stated(id), CertificateError::NoSki).await;
    }
    let silent = Peer::with(|params, _| params.custom_extensions.clear());
    is_refused(silent, CertificateError::NoSki).await;
    let unwrapped = Peer::with(|params, ski| {
        let octets = ski.as_octets().to_vec();
        params.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 14], octets)];
    });
    is_refused(unwrapped, CertificateError::NoSki).await;
    let twice = Peer::with(|params, _| params.custom_extensions.push(key_id(&[7; 20])));
    is_refused(twice, CertificateError::Malformed).await;
}

/// Old evcc: the SKI is the hash of the private key, and a metering operator has registered it.
#[tokio::test]
async fn a_wrong_ski_passes_only_where_the_user_has_pinned_the_whole_certificate() {
    let old = || Peer::with(|params, _| params.custom_extensions = vec![key_id(&[7; 20])]);
    let (peer, other) = (old(), old());
    let us = us().pinning(&[Fingerprint::of_certificate(&peer.chain[0])]);
    for met in peer.meets(&us).await {
        assert_eq!(met.expect("pinned"), peer.ski(), "known by the hash of its key");
    }
    let mut thief = old();
    thief.chain = peer.chain.clone();
    for peer in [other, thief] {
        assert!(peer.meets(&us).await.iter().all(Result::is_err));
    }
}

#[tokio::test]
async fn the_first_certificate_alone_is_judged() {
    let honest = Peer::honest();
    let mut forged = Peer::with(|params, _| {
        params.custom_extensions = vec![key_id(honest.ski().as_octets())];
    });
    forged.chain.push(honest.chain[0].clone());
    is_refused(forged, CertificateError::Mismatch).await;

    let mut with_junk = Peer::honest();
    with_junk.chain.push(b"no certificate".to_vec().into());
    passes(with_junk, "junk behind it").await;
}

#[tokio::test]
async fn a_key_on_another_curve_is_refused() {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("a key");
    let mut params = CertificateParams::default();
    params.custom_extensions = vec![key_id(Ski::of_key(pair.public_key_raw()).as_octets())];
    let mut peer = Peer::honest();
    peer.chain = vec![params.self_signed(&pair).expect("a certificate").der().clone()];
    is_refused(peer, CertificateError::Key).await;
}

#[tokio::test]
async fn a_certificate_without_its_key_is_refused() {
    let us = us();
    let mut thief = Peer::honest();
    thief.chain = Peer::honest().chain;
    for meeting in [thief.dials(&us).await, thief.answers(&us, None).await] {
        assert!(matches!(meeting.ours, Err(LinkError::Tls(_))), "{:?}", meeting.ours);
        let told = meeting.theirs.expect_err("refused").to_string();
        assert!(told.contains("DecryptError"), "{told}");
    }
}

#[tokio::test]
async fn our_own_key_is_refused() {
    let identity = Identity::create("us").expect("an identity");
    let us = Tls::new(&identity, provider()).expect("a usable key");
    let mut mirror = Peer::honest();
    mirror.chain = vec![identity.certificate().clone()];
    for met in mirror.meets(&us).await {
        let Err(LinkError::Certificate(refusal)) = met else { panic!("refused, not {met:?}") };
        assert_eq!(refusal, CertificateError::Own);
    }
}

#[tokio::test]
async fn a_client_refuses_another_peer_than_the_one_it_dialled() {
    let (us, peer) = (us(), Peer::honest());
    let met = peer.answers(&us, Some(peer.ski())).await.ours.expect("the one dialled");
    assert_eq!((met.ski(), met.role()), (peer.ski(), Role::Client));
    let meeting = peer.answers(&us, Some(Peer::honest().ski())).await;
    let Err(LinkError::Certificate(refusal)) = meeting.ours else { panic!("refused") };
    assert_eq!(refusal, CertificateError::NotTheOneDialled);
    assert!(meeting.theirs.is_err());
}
