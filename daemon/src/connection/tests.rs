use std::sync::Arc;

use ingle_api::Places;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines as TextLines, ReadHalf, WriteHalf},
    task::JoinHandle,
};

use super::*;
use crate::{keychain::tests::NoKeychain, store::Pragmas};

const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"hello","params":{"api":2,"client":"ingle"}}"#;

/// A caller of a daemon whose home is empty.
struct Visitor {
    write: WriteHalf<DuplexStream>,
    read: TextLines<BufReader<ReadHalf<DuplexStream>>>,
    journal: Journal,
    stop: CancellationToken,
    served: JoinHandle<()>,
    _home: TempDir,
}

impl Visitor {
    async fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let stop = CancellationToken::new();
        let journal = Journal::new(Places::under(home.path()), Pragmas::default(), Arc::new(NoKeychain), stop.clone());
        journal.open(None).await.expect_err("there is none");
        let (ours, theirs) = tokio::io::duplex(4096);
        let served = tokio::spawn(run(theirs, journal.clone(), stop.clone()));
        let (read, write) = tokio::io::split(ours);
        Self { write, read: BufReader::new(read).lines(), journal, stop, served, _home: home }
    }

    async fn says(&mut self, bytes: &[u8]) {
        self.write.write_all(bytes).await.expect("open");
        self.write.write_all(b"\n").await.expect("open");
    }

    async fn hears(&mut self) -> Option<String> {
        self.read.next_line().await.expect("UTF-8")
    }
}

#[tokio::test]
async fn hello_comes_first_and_is_answered_with_how_things_stand() {
    let mut visitor = Visitor::new().await;
    visitor.says(HELLO.as_bytes()).await;
    let told = visitor.hears().await.expect("an answer");
    assert_eq!(
        told,
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"result":{{"api":2,"device":"","due":null,"entries":0,"journal":"absent","paused":null,"version":"{}"}}}}"#,
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[tokio::test]
async fn whoever_breaks_the_contract_at_the_door_is_told_why_and_shown_out() {
    let check = async |line: &[u8], told: &str| {
        let mut visitor = Visitor::new().await;
        visitor.says(line).await;
        let answer = visitor.hears().await.expect("an answer");
        assert!(answer.contains(told), "{answer}");
        assert_eq!(visitor.hears().await, None);
        visitor.served.await.expect("ended");
    };
    check(br#"{"jsonrpc":"2.0","id":1,"method":"watch","params":{}}"#, "the first request must be hello").await;
    check(
        br#"{"jsonrpc":"2.0","id":1,"method":"hello","params":{"api":1,"client":"x"}}"#,
        "version 2 of the local contract, not 1",
    )
    .await;
    check(&[0xff, 0xfe], "that line is not UTF-8").await;
}

#[tokio::test]
async fn a_line_that_never_ends_is_refused_and_ends_the_connection() {
    let mut visitor = Visitor::new().await;
    visitor.says(HELLO.as_bytes()).await;
    visitor.hears().await.expect("an answer");
    // The other side stops reading in the middle.
    drop(visitor.write.write_all(&vec![b'x'; MAX_REQUEST_BYTES + 10]).await);
    assert!(visitor.hears().await.expect("an answer").contains("more than 8192 KiB at once; nothing was saved"));
    assert_eq!(visitor.hears().await, None);
}

#[tokio::test]
async fn what_is_no_request_is_answered_and_the_next_one_is_served() {
    let mut visitor = Visitor::new().await;
    visitor.says(HELLO.as_bytes()).await;
    visitor.hears().await.expect("an answer");
    visitor.says(b"good morning").await;
    assert!(visitor.hears().await.expect("an answer").contains("not JSON-RPC"));
    visitor.says(br#"{"jsonrpc":"2.0","id":3,"method":"devices","params":{}}"#).await;
    let told = visitor.hears().await.expect("an answer");
    assert!(
        told.contains(r#""id":3"#) && told.contains("there is no journal here yet") && told.contains("-32006"),
        "{told}"
    );
}

#[tokio::test]
async fn events_come_only_after_watch() {
    let mut visitor = Visitor::new().await;
    visitor.says(HELLO.as_bytes()).await;
    visitor.hears().await.expect("an answer");
    visitor.journal.announce(Event::Missed {});
    visitor.says(br#"{"jsonrpc":"2.0","id":2,"method":"watch","params":{}}"#).await;
    assert!(visitor.hears().await.expect("an answer").contains(r#""id":2"#));
    visitor.journal.announce(Event::Paired { paired: "desktop".into() });
    assert_eq!(
        visitor.hears().await.as_deref(),
        Some(r#"{"jsonrpc":"2.0","method":"event","params":{"event":"paired","paired":"desktop"}}"#)
    );
}

#[tokio::test]
async fn when_the_daemon_ends_so_does_every_connection() {
    let mut visitor = Visitor::new().await;
    visitor.says(HELLO.as_bytes()).await;
    visitor.hears().await.expect("an answer");
    visitor.stop.cancel();
    assert_eq!(visitor.hears().await, None);
    visitor.served.await.expect("ended");
}
