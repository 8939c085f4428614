//! The ticket that one device makes and the other is given: where to call, the one-use secret, and until when.
//!
//! Text of letters and digits behind the word `ingle`, by the rules of iroh's tickets: lower-case base32 of
//!
//! | bytes | what |
//! |---|---|
//! | 1 | format, 1 |
//! | 1 | purpose: 1 to pair, 2 to give a paired device the new addresses |
//! | 32 | link key (iroh endpoint id) of the device that made it |
//! | 8 | when it expires, seconds since 1970 UTC, big-endian |
//! | 8 + 16 | only to pair: the ticket's number, which its bearer shows first, and the secret, which it only proves |
//! | 1 | how many addresses follow, at most 16 |
//! | each | 4 or 6, the address' 4 or 16 bytes, the UDP port, big-endian |
//! | 4 | check: the first bytes of the hash of all before |
//!
//! What may not live here: dialling, the clock.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use ingle_api::{Failure, FailureKind};
use ingle_core::seal::Hash;
use iroh::EndpointId;
use iroh_tickets::{ParseError, Ticket as _};
use zeroize::Zeroizing;

/// How long a ticket can be used.
pub const LIFETIME_S: u64 = 600;
/// Addresses that a ticket carries at most.
pub const MAX_ADDRESSES: usize = 16;

const FORMAT: u8 = 1;
const CHECK_BYTES: usize = 4;
/// Longer text is no ticket, whatever it holds.
const MAX_TEXT: usize = 4096;
const OTHER_VERSION: &str = "another version";

/// Names a ticket without giving its secret away.
pub type TicketNumber = [u8; 8];

/// What the ticket lets its bearer do.
#[derive(Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Become a device of the journal, once.
    Pair { number: TicketNumber, secret: Zeroizing<[u8; 16]> },
    /// Find a device that it is paired with already.
    Readdress,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The link key of the device that made it.
    pub maker: EndpointId,
    /// Seconds since 1970 UTC.
    pub expires: u64,
    pub purpose: Purpose,
    pub addresses: Vec<SocketAddr>,
}

/// Why a text can't be used as a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketRefused {
    #[error("that isn't a whole ticket")]
    Broken,
    #[error("that ticket was made by another version of Ingle")]
    OtherVersion,
    #[error("that ticket was made on this device")]
    Own,
    #[error("that ticket has expired")]
    Expired,
}

impl Ticket {
    /// Reads a ticket that somebody pasted. `now` is in seconds since 1970 UTC, `own` this device's link key if it has one.
    pub fn read(text: &str, now: u64, own: Option<&[u8; 32]>) -> Result<Self, TicketRefused> {
        if text.len() > MAX_TEXT {
            return Err(TicketRefused::Broken);
        }
        // Mail programs and terminals break long lines.
        let text: String = text.split_whitespace().collect::<String>().to_ascii_lowercase();
        let ticket = Self::decode_string(&text).map_err(|error| match error {
            ParseError::Verify { message: OTHER_VERSION, .. } => TicketRefused::OtherVersion,
            _ => TicketRefused::Broken,
        })?;
        if own.is_some_and(|own| own == ticket.maker.as_bytes()) {
            return Err(TicketRefused::Own);
        }
        if ticket.expires <= now {
            return Err(TicketRefused::Expired);
        }
        Ok(ticket)
    }

    fn decode(bytes: &[u8]) -> Result<Self, TicketRefused> {
        let (bytes, check) = bytes.split_last_chunk::<CHECK_BYTES>().ok_or(TicketRefused::Broken)?;
        if *check != check_of(bytes) {
            return Err(TicketRefused::Broken);
        }
        let mut rest = bytes;
        let [format] = take(&mut rest)?;
        if format != FORMAT {
            return Err(TicketRefused::OtherVersion);
        }
        let [purpose] = take(&mut rest)?;
        let maker = EndpointId::from_bytes(&take(&mut rest)?).map_err(|_| TicketRefused::Broken)?;
        let expires = u64::from_be_bytes(take(&mut rest)?);
        let purpose = match purpose {
            1 => Purpose::Pair { number: take(&mut rest)?, secret: Zeroizing::new(take(&mut rest)?) },
            2 => Purpose::Readdress,
            _ => return Err(TicketRefused::Broken),
        };
        let [count] = take(&mut rest)?;
        if usize::from(count) > MAX_ADDRESSES {
            return Err(TicketRefused::Broken);
        }
        let addresses = (0..count).map(|_| take_address(&mut rest)).collect::<Result<_, _>>()?;
        if !rest.is_empty() {
            return Err(TicketRefused::Broken);
        }
        Ok(Self { maker, expires, purpose, addresses })
    }
}

impl iroh_tickets::Ticket for Ticket {
    const KIND: &'static str = "ingle";

    fn encode_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        bytes.push(match self.purpose {
            Purpose::Pair { .. } => 1,
            Purpose::Readdress => 2,
        });
        bytes.extend(self.maker.as_bytes());
        bytes.extend(self.expires.to_be_bytes());
        if let Purpose::Pair { number, secret } = &self.purpose {
            bytes.extend(number);
            bytes.extend(secret.iter());
        }
        let addresses = &self.addresses[..self.addresses.len().min(MAX_ADDRESSES)];
        bytes.push(u8::try_from(addresses.len()).expect("MAX_ADDRESSES fits in a byte"));
        for address in addresses {
            match address.ip() {
                IpAddr::V4(ip) => {
                    bytes.push(4);
                    bytes.extend(ip.octets());
                }
                IpAddr::V6(ip) => {
                    bytes.push(6);
                    bytes.extend(ip.octets());
                }
            }
            bytes.extend(address.port().to_be_bytes());
        }
        bytes.extend(check_of(&bytes));
        bytes
    }

    fn decode_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        Self::decode(bytes).map_err(|refused| {
            ParseError::verification_failed(if refused == TicketRefused::OtherVersion {
                OTHER_VERSION
            } else {
                "broken"
            })
        })
    }
}

/// The text for the person. Whoever has it can pair, so it is shown only to them.
impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.encode_string())
    }
}

impl fmt::Debug for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pair { .. } => "Pair(..)",
            Self::Readdress => "Readdress",
        })
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}

impl From<TicketRefused> for Failure {
    fn from(refused: TicketRefused) -> Self {
        let (kind, hint) = match refused {
            TicketRefused::Broken => (FailureKind::Pairing, "copy all of it, from \"ingle\" to the last letter"),
            TicketRefused::OtherVersion => {
                (FailureKind::Version, "bring both devices to the same version, then run \"ingle pair\" again")
            }
            TicketRefused::Own => {
                (FailureKind::Pairing, "use it on the other device: there, run \"ingle join\" with it")
            }
            TicketRefused::Expired => {
                (FailureKind::Pairing, "make a fresh one with \"ingle pair\"; it lasts ten minutes")
            }
        };
        Self::new(kind, refused.to_string(), hint)
    }
}

fn check_of(bytes: &[u8]) -> [u8; CHECK_BYTES] {
    let hash = Hash::of("ingle ticket check v1", &[bytes]);
    *hash.as_bytes().first_chunk().expect("a hash is longer than its check")
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], TicketRefused> {
    let (taken, left) = rest.split_first_chunk::<N>().ok_or(TicketRefused::Broken)?;
    *rest = left;
    Ok(*taken)
}

fn take_address(rest: &mut &[u8]) -> Result<SocketAddr, TicketRefused> {
    let ip = match take(rest)? {
        [4] => IpAddr::from(take::<4>(rest)?),
        [6] => IpAddr::from(take::<16>(rest)?),
        _ => return Err(TicketRefused::Broken),
    };
    Ok(SocketAddr::new(ip, u16::from_be_bytes(take(rest)?)))
}

#[cfg(test)]
mod tests {
    use iroh::SecretKey;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn ticket() -> Ticket {
        Ticket {
            maker: SecretKey::from_bytes(&[7; 32]).public(),
            expires: NOW + LIFETIME_S,
            purpose: Purpose::Pair { number: [1; 8], secret: Zeroizing::new([2; 16]) },
            addresses: ["192.168.1.5:4821", "[fd00::5]:4821", "127.0.0.1:4821"]
                .map(|a| a.parse().expect("an address"))
                .into(),
        }
    }

    fn sealed(mut bytes: Vec<u8>) -> String {
        bytes.truncate(bytes.len() - CHECK_BYTES);
        bytes.extend(check_of(&bytes));
        format!("ingle{}", data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase())
    }

    #[test]
    fn a_ticket_is_read_back_from_its_text_however_it_was_pasted() {
        for ticket in [ticket(), Ticket { purpose: Purpose::Readdress, addresses: vec![], ..ticket() }] {
            let text = ticket.to_string();
            assert!(text.len() < 200, "{} characters", text.len());
            let (head, tail) = text.split_at(60);
            for pasted in [text.clone(), text.to_uppercase(), format!("  {head}\r\n {tail}\n")] {
                assert_eq!(Ticket::read(&pasted, NOW, Some(&[9; 32])), Ok(ticket.clone()), "{pasted}");
            }
        }
    }

    #[test]
    fn every_ticket_that_can_not_be_used_says_why() {
        let bytes = ticket().encode_bytes();
        let changed = |at: usize, to: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = to;
            sealed(bytes)
        };
        let mut longer = bytes.clone();
        longer.extend([0; 5]);
        let many = Ticket { addresses: vec![ticket().addresses[0]; 40], ..ticket() };
        let own = *ticket().maker.as_bytes();
        let text = ticket().to_string();
        let cases = [
            ("empty", String::new(), NOW, TicketRefused::Broken),
            ("only the word", "ingle".into(), NOW, TicketRefused::Broken),
            ("another kind", text.replacen("ingle", "endpoint", 1), NOW, TicketRefused::Broken),
            ("cut", text[..text.len() - 1].into(), NOW, TicketRefused::Broken),
            ("cut to half", text[..text.len() / 2].into(), NOW, TicketRefused::Broken),
            ("a letter added", format!("{text}a"), NOW, TicketRefused::Broken),
            ("not its alphabet", text.replacen("ingle", "ingle1", 1), NOW, TicketRefused::Broken),
            ("other script", format!("{text}ä"), NOW, TicketRefused::Broken),
            ("far too long", "ingle".to_owned() + &"a".repeat(MAX_TEXT), NOW, TicketRefused::Broken),
            ("bytes after the end", sealed(longer), NOW, TicketRefused::Broken),
            ("unknown purpose", changed(1, 9), NOW, TicketRefused::Broken),
            ("too many addresses", changed(66, 17), NOW, TicketRefused::Broken),
            ("unknown address", changed(67, 5), NOW, TicketRefused::Broken),
            ("a later format", changed(0, 2), NOW, TicketRefused::OtherVersion),
            ("expired just now", text.clone(), NOW + LIFETIME_S, TicketRefused::Expired),
        ];
        for (name, text, now, expected) in cases {
            assert_eq!(Ticket::read(&text, now, None), Err(expected), "{name}");
        }
        assert_eq!(Ticket::read(&text, NOW, Some(&own)), Err(TicketRefused::Own));
        assert_eq!(Ticket::read(&many.to_string(), NOW, None).map(|t| t.addresses.len()), Ok(MAX_ADDRESSES));
    }

    #[test]
    fn every_changed_letter_is_noticed() {
        let text = ticket().to_string();
        for at in 5..text.len() {
            let mut letters: Vec<char> = text.chars().collect();
            letters[at] = if letters[at] == 'a' { 'b' } else { 'a' };
            let changed: String = letters.into_iter().collect();
            assert_eq!(Ticket::read(&changed, NOW, None), Err(TicketRefused::Broken), "letter {at}");
        }
    }

    #[test]
    fn its_debug_output_has_no_secret() {
        assert_eq!(format!("{:?}", ticket()), "Ticket(..)");
    }
}
