//! JSON-RPC 2.0 messages, one a line.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Event, Failure, FailureKind, Request};

/// The longest line that the daemon reads, in bytes. A longer one ends the connection, after an answer that says so.
pub const MAX_REQUEST_BYTES: usize = 8 << 20;
/// The longest line that a client reads, in bytes.
pub const MAX_REPLY_BYTES: usize = 64 << 20;

/// A request with its number. A client uses every number once.
#[derive(Debug, Serialize, Deserialize)]
pub struct Call {
    jsonrpc: VersionTag,
    pub id: u64,
    #[serde(flatten)]
    pub request: Request,
}

/// What the daemon sends: the answer to a call, or an event.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Message {
    Reply { jsonrpc: VersionTag, id: u64, result: Value },
    Error { jsonrpc: VersionTag, id: Option<u64>, error: RpcError },
    Event { jsonrpc: VersionTag, method: String, params: Event },
}

/// The constant "2.0".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionTag {
    #[serde(rename = "2.0")]
    Two,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct RpcError {
    pub code: i32,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<FailureData>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct FailureData {
    pub kind: FailureKind,
    pub hint: String,
}

impl Call {
    pub fn new(id: u64, request: Request) -> Self {
        Self { jsonrpc: VersionTag::Two, id, request }
    }

    /// Reads a line. The failure is ready to be sent back, with the call's number if that could be read.
    pub fn parse(line: &str) -> Result<Self, (Option<u64>, Failure)> {
        serde_json::from_str(line).map_err(|error| {
            let id = serde_json::from_str::<Value>(line).ok().and_then(|value| value.get("id")?.as_u64());
            // serde's message can quote a piece of the request; its category can't.
            let what = match error.classify() {
                serde_json::error::Category::Data => {
                    "that request has a method or a field that this version doesn't know"
                }
                _ => "that line is not JSON-RPC",
            };
            (id, Failure::new(FailureKind::Usage, what, "see docs/api.md for the requests and their fields"))
        })
    }
}

impl Message {
    pub fn reply<T: Serialize>(id: u64, result: &T) -> Self {
        match serde_json::to_value(result) {
            Ok(result) => Self::Reply { jsonrpc: VersionTag::Two, id, result },
            Err(_) => Self::failure(
                Some(id),
                Failure::new(FailureKind::Internal, "the answer could not be written as JSON", "please report this"),
            ),
        }
    }

    pub fn failure(id: Option<u64>, failure: Failure) -> Self {
        let Failure { kind, message, hint } = failure;
        let error = RpcError { code: kind.rpc_code(), message, data: Some(FailureData { kind, hint }) };
        Self::Error { jsonrpc: VersionTag::Two, id, error }
    }

    pub fn event(event: Event) -> Self {
        Self::Event { jsonrpc: VersionTag::Two, method: "event".into(), params: event }
    }

    /// One line without its end.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("messages hold only maps with string keys, and numbers that JSON has")
    }
}

impl From<RpcError> for Failure {
    fn from(error: RpcError) -> Self {
        match error.data {
            Some(FailureData { kind, hint }) => Self { kind, message: error.message, hint },
            None => Self::new(FailureKind::Internal, error.message, "look into the daemon's log"),
        }
    }
}

/// Reads a reply's value as the type that the request names.
pub fn read_reply<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|_| {
        Failure::new(
            FailureKind::Version,
            "the daemon's answer has another form than expected",
            "restart it with \"ingle stop\" and try again",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_one_line_of_json_rpc() {
        let line = serde_json::to_string(&Call::new(7, Request::Watch {})).expect("serialisable");
        assert_eq!(line, r#"{"jsonrpc":"2.0","id":7,"method":"watch","params":{}}"#);
        assert_eq!(Call::parse(&line).expect("its own form").id, 7);
    }

    #[test]
    fn what_is_no_call_is_answered_under_its_own_number_without_quoting_it() {
        let check = |line: &str, id: Option<u64>| {
            let (told, failure) = Call::parse(line).expect_err("no call");
            assert_eq!(told, id, "{line}");
            assert!(!failure.message.contains("secret") && !failure.hint.contains("secret"));
        };
        check("secret", None);
        check(r#"{"jsonrpc":"2.0","id":3,"method":"secret","params":{}}"#, Some(3));
        check(r#"{"jsonrpc":"1.0","id":4,"method":"watch","params":{}}"#, Some(4));
        check(r#"{"jsonrpc":"2.0","id":5,"method":"show","params":{"id":"secret"}}"#, Some(5));
    }

    #[test]
    fn every_message_is_read_back_as_what_it_was() {
        let lines = [
            Message::reply(1, &serde_json::Value::Null).to_line(),
            Message::failure(None, Failure::new(FailureKind::Locked, "a", "b")).to_line(),
            Message::event(Event::Missed {}).to_line(),
        ];
        let kinds: Vec<&str> = lines
            .iter()
            .map(|line| match serde_json::from_str::<Message>(line).expect("its own form") {
                Message::Reply { .. } => "reply",
                Message::Error { .. } => "error",
                Message::Event { .. } => "event",
            })
            .collect();
        assert_eq!(kinds, ["reply", "error", "event"]);
    }
}
