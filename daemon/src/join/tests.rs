use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use ingle_api::Places;
use iroh::SecretKey;
use iroh_tickets::Ticket as _;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{keychain::tests::NoKeychain, link::Purpose, store::Pragmas};

/// A daemon whose home is empty.
async fn nothing_yet() -> (Journal, TempDir) {
    let home = tempfile::tempdir().expect("a temporary folder");
    let (places, stop) = (Places::under(home.path()), CancellationToken::new());
    let journal = Journal::new(places, Pragmas::default(), Arc::new(NoKeychain), stop);
    journal.open(None).await.expect_err("there is none");
    (journal, home)
}

/// Of a device that isn't there.
fn ticket() -> String {
    let ticket = Ticket {
        maker: SecretKey::from_bytes(&[7; 32]).public(),
        expires: u64::MAX,
        purpose: Purpose::Pair { number: [1; 8], secret: Zeroizing::new([2; 16]) },
        addresses: Vec::new(),
    };
    ticket.encode_string()
}

async fn join_with(journal: &Journal, ticket: &str) -> Result<(), Failure> {
    let ((told, _), (_, answers)) = (mpsc::channel(4), mpsc::channel(1));
    join(journal, ticket, Some("desktop"), Lock::KeyFile, told, answers).await
}

#[tokio::test]
async fn a_join_waits_for_who_is_still_giving_up_the_right_to_change_the_stage() {
    let (journal, _home) = nothing_yet().await;
    let change = journal.change().await;
    let ticket = ticket();
    let mut joining = pin!(join_with(&journal, &ticket));
    let first = joining.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(first, Poll::Pending), "{first:?}");
    drop(change);
    joining.await.expect("it begins");
    journal.stop().cancel();
    journal.close().await;
}

#[tokio::test]
async fn a_text_that_is_no_ticket_is_told_so_whoever_has_that_right() {
    let (journal, _home) = nothing_yet().await;
    let change = journal.change().await;
    let why = join_with(&journal, "no ticket").await.expect_err("it is none");
    assert!(why.message.contains("ticket"), "{why:?}");
    drop(change);
}
