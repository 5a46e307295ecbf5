//! Against the `openssl` command, which may use one suite only, in both roles, certificates
//! required. It carries a whole WebSocket, 250 kB each way.

mod with_openssl {
    use std::net::Ipv4Addr;
    use std::process::Stdio;
    use std::time::Duration;

    use futures_util::{SinkExt, StreamExt};
    use rustls::pki_types::ServerName;
    use ship::net::{Incoming, LinkError, Socket, Stream, accept, connect};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::process::{Child, ChildStdin, ChildStdout, Command};
    use tokio::time::{sleep, timeout};
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
    use tokio_tungstenite::tungstenite::http::HeaderValue;
    use tokio_tungstenite::{WebSocketStream, accept_hdr_async, client_async};

    use crate::tls::peer::{Peer, us};

    const CBC: &str = "ECDHE-ECDSA-AES128-SHA256";
    const GCM: &str = "ECDHE-ECDSA-AES128-GCM-SHA256";
    /// Not one of ours.
    const CCM: &str = "ECDHE-ECDSA-AES128-CCM8";
    const SHIP: HeaderValue = HeaderValue::from_static("ship");

    /// What the command reads and writes is what TLS carries.
    type Pipe = tokio::io::Join<ChildStdout, ChildStdin>;

    /// The command as a peer. It ends with the test.
    struct OpenSsl {
        _child: Child,
        pipe: Pipe,
        _dir: tempfile::TempDir,
    }

    impl OpenSsl {
        fn start(peer: &Peer, suite: &str, args: &[&str]) -> Self {
            let dir = tempfile::tempdir().expect("a directory");
            let file = |name| dir.path().join(name);
            std::fs::write(file("crt"), &peer.chain[0]).expect("written");
            std::fs::write(file("key"), peer.pair.serialized_der()).expect("written");
            let mut child = Command::new("openssl")
                .args(args)
                .args(["-quiet", "-tls1_2", "-cipher", suite, "-certform", "DER", "-cert"])
                .arg(file("crt"))
                .args(["-keyform", "DER", "-key"])
                .arg(file("key"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .expect("openssl is installed");
            let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
            let pipe = tokio::io::join(stdout.expect("piped"), stdin.expect("piped"));
            Self { _child: child, pipe, _dir: dir }
        }
    }

    /// Messages of odd lengths go there and come back.
    async fn echo<S: Stream>(mut us: Socket<S>, mut peer: WebSocketStream<Pipe>) {
        let messages: Vec<_> = (0..100_usize).map(|i| vec![i as u8; (i * 53) % 5000 + 1]).collect();
        assert!(messages.iter().map(Vec::len).sum::<usize>() > 200 * 1024);
        let (mut sent, mut back) = (messages.iter(), Vec::new());
        let told = async {
            while back.len() < messages.len() {
                // A few on their way at any time.
                for message in sent.by_ref().take(3) {
                    peer.send(Message::Binary(message.clone().into())).await.expect("sent");
                }
                while back.len() < messages.len() - sent.len() {
                    match peer.next().await.expect("open").expect("a message") {
                        Message::Binary(octets) => back.push(octets.to_vec()),
                        other => panic!("a binary message, not {other:?}"),
                    }
                }
            }
        };
        let answering = async {
            loop {
                match us.next(true).await {
                    Ok(Some(Incoming::Message(octets))) => us.send(octets.to_vec()).expect("room"),
                    Ok(_) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        };
        tokio::select! {
            () = told => {}
            () = answering => {}
        }
        assert_eq!(back, messages);
    }

    async fn it_dials_us(suite: &str, peer: Peer) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let args = ["s_client", "-connect", &address, "-servername", "evse-one.local"];
        let openssl = OpenSsl::start(&peer, suite, &args);
        let (stream, _) = listener.accept().await.expect("a connection");
        let secured = accept(stream, &us()).await.expect("TLS");
        assert_eq!(secured.ski(), peer.ski());

        let mut request = "ws://evse-one.local/ship/".into_client_request().expect("a request");
        request.headers_mut().insert("Sec-WebSocket-Protocol", SHIP);
        let (ours, theirs) =
            tokio::join!(secured.open("", ""), client_async(request, openssl.pipe));
        echo(ours.expect("a WebSocket"), theirs.expect("a WebSocket").0).await;
    }

    async fn it_answers_us(suite: &str, peer: Peer) {
        let port = {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
            listener.local_addr().expect("an address").port()
        };
        let address = format!("127.0.0.1:{port}");
        let args = ["s_server", "-accept", &address, "-naccept", "1", "-Verify", "1"];
        let openssl = OpenSsl::start(&peer, suite, &args);
        let stream = loop {
            match TcpStream::connect(&address).await {
                Ok(stream) => break stream,
                // It has not opened the port yet.
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        };
        let name = ServerName::try_from("evse-one.local").expect("a name");
        let secured = connect(stream, &us(), Some(peer.ski()), name).await.expect("TLS");

        #[expect(clippy::result_large_err, reason = "the signature is the library's")]
        let ship = |_: &Request, mut response: Response| -> Result<_, ErrorResponse> {
            response.headers_mut().insert("Sec-WebSocket-Protocol", SHIP);
            Ok(response)
        };
        let (ours, theirs) = tokio::join!(
            secured.open("evse-one.local", "/ship/"),
            accept_hdr_async(openssl.pipe, ship)
        );
        echo(ours.expect("a WebSocket"), theirs.expect("a WebSocket")).await;
    }

    async fn in_time(test: impl Future<Output = ()>) {
        timeout(Duration::from_secs(60), test).await.expect("in time");
    }

    #[tokio::test]
    #[ignore = "needs the openssl command"]
    async fn a_client_that_has_the_demanded_suite_alone() {
        in_time(it_dials_us(CBC, Peer::honest())).await;
    }

    #[tokio::test]
    #[ignore = "needs the openssl command"]
    async fn a_server_that_has_the_demanded_suite_alone_and_the_certificate_of_a_wallbox() {
        in_time(it_answers_us(CBC, Peer::with_booleans(0x01, 0x01))).await;
    }

    #[tokio::test]
    #[ignore = "needs the openssl command"]
    async fn a_client_that_has_gcm_alone_and_the_certificate_of_a_wallbox() {
        in_time(it_dials_us(GCM, Peer::with_booleans(0x01, 0x01))).await;
    }

    #[tokio::test]
    #[ignore = "needs the openssl command"]
    async fn a_server_that_has_gcm_alone() {
        in_time(it_answers_us(GCM, Peer::honest())).await;
    }

    #[tokio::test]
    #[ignore = "needs the openssl command"]
    async fn a_client_without_a_suite_of_ours_is_refused() {
        in_time(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
            let address = listener.local_addr().expect("an address").to_string();
            let _openssl =
                OpenSsl::start(&Peer::honest(), CCM, &["s_client", "-connect", &address]);
            let (stream, _) = listener.accept().await.expect("a connection");
            let refused = accept(stream, &us()).await;
            assert!(matches!(refused, Err(LinkError::Tls(_))), "{refused:?}");
        })
        .await;
    }
}
