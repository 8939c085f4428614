//! A connection to the daemon: one call at a time, events in between.

use std::{collections::VecDeque, io};

use futures_util::{SinkExt, StreamExt};
use interprocess::local_socket::{ConnectOptions, GenericFilePath, ToFsName, tokio::Stream};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

use crate::{
    API_VERSION, Event, Failure, FailureKind, Places, Request, Snapshot,
    framing::{Call, MAX_REPLY_BYTES, MAX_REQUEST_BYTES, Message, read_reply},
};

/// Longest path that a local socket can have on Linux and macOS, in bytes.
pub const MAX_SOCKET_PATH: usize = 103;

#[derive(Debug)]
pub struct Client {
    lines: Framed<Stream, LinesCodec>,
    next_id: u64,
    waiting: VecDeque<Event>,
}

/// Why there is no connection: nobody is there, or something is wrong.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No daemon listens. Starting one may help.
    #[error("no daemon is running")]
    NobodyThere,
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Client {
    /// Connects and says hello. `client` names the program in the daemon's log.
    pub async fn connect(places: &Places, client: &str) -> Result<(Self, Snapshot), ConnectError> {
        let path = places.socket_path();
        if cfg!(unix) && path.as_os_str().len() > MAX_SOCKET_PATH {
            return Err(Failure::new(
                FailureKind::Unavailable,
                format!(
                    "the path of the socket is {} bytes long; the system allows {MAX_SOCKET_PATH}",
                    path.as_os_str().len()
                ),
                "choose a folder with a shorter path",
            )
            .into());
        }
        let name = path.as_path().to_fs_name::<GenericFilePath>().map_err(|error| unreachable(&error))?;
        let stream = match ConnectOptions::new().name(name).connect_tokio().await {
            Ok(stream) => stream,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                return Err(ConnectError::NobodyThere);
            }
            Err(error) => return Err(unreachable(&error).into()),
        };
        let mut client_side = Self {
            lines: Framed::new(stream, LinesCodec::new_with_max_length(MAX_REPLY_BYTES)),
            next_id: 1,
            waiting: VecDeque::new(),
        };
        let snapshot = client_side.call(Request::Hello { api: API_VERSION, client: client.to_owned() }).await?;
        Ok((client_side, snapshot))
    }

    /// Sends one request and waits for its answer. Events that come in between are kept for [`Self::next_event`].
    pub async fn call<T: DeserializeOwned>(&mut self, request: Request) -> Result<T, Failure> {
        let id = self.next_id;
        self.next_id += 1;
        let line = serde_json::to_string(&Call::new(id, request)).map_err(|_| {
            Failure::new(FailureKind::Internal, "the request could not be written as JSON", "please report this")
        })?;
        if line.len() > MAX_REQUEST_BYTES {
            return Err(Failure::new(
                FailureKind::Usage,
                format!(
                    "that is {} KiB at once; up to {} KiB fit",
                    line.len().div_ceil(1024),
                    MAX_REQUEST_BYTES / 1024
                ),
                "keep a part of it here and the rest in another entry",
            ));
        }
        self.lines.send(line).await.map_err(|_| gone())?;
        loop {
            match self.next_message().await? {
                Message::Reply { id: answered, result, .. } if answered == id => return read_reply(result),
                Message::Error { id: answered, error, .. } if answered.is_none_or(|answered| answered == id) => {
                    return Err(error.into());
                }
                Message::Event { params, .. } => self.waiting.push_back(params),
                Message::Reply { .. } | Message::Error { .. } => {}
            }
        }
    }

    /// A request whose answer carries nothing.
    pub async fn tell(&mut self, request: Request) -> Result<(), Failure> {
        self.call::<Value>(request).await.map(|_| ())
    }

    /// The next event, after [`Request::Watch`] or while pairing. Safe to cancel.
    pub async fn next_event(&mut self) -> Result<Event, Failure> {
        if let Some(event) = self.waiting.pop_front() {
            return Ok(event);
        }
        loop {
            if let Message::Event { params, .. } = self.next_message().await? {
                return Ok(params);
            }
        }
    }

    async fn next_message(&mut self) -> Result<Message, Failure> {
        match self.lines.next().await {
            Some(Ok(line)) => serde_json::from_str(&line).map_err(|_| {
                Failure::new(
                    FailureKind::Version,
                    "the daemon's answer can't be read",
                    "restart it with \"ingle stop\" and try again",
                )
            }),
            Some(Err(LinesCodecError::MaxLineLengthExceeded)) => Err(Failure::new(
                FailureKind::Usage,
                "that answer is too long for one go",
                "ask for less, for example with --limit 1000",
            )),
            Some(Err(LinesCodecError::Io(_))) | None => Err(gone()),
        }
    }
}

fn gone() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "Ingle's daemon went away before it answered",
        "what it had confirmed is safe; try again, and look with \"ingle status\"",
    )
}

fn unreachable(error: &io::Error) -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        format!("Ingle's daemon can't be reached: {}", error.kind()),
        "check that the folder of the socket is yours, or start over with \"ingle stop\"",
    )
}
