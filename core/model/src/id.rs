//! Names that devices and entries carry for ever: 128 bits that nobody else has, written in lower-case base32 without padding.

use std::{fmt, str::FromStr};

use data_encoding::{BASE32_NOPAD, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text that is not 26 letters and digits of base32 naming 128 bits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("that isn't the id of anything here")]
pub struct NotAnId;

const ALPHABET: Encoding = BASE32_NOPAD;

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Takes 128 bits that the caller drew at random, or hashed.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&ALPHABET.encode(&self.0).to_ascii_lowercase())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let upper = text.trim().to_ascii_uppercase();
                let bytes = ALPHABET.decode(upper.as_bytes()).map_err(|_| NotAnId)?;
                Ok(Self(bytes.try_into().map_err(|_| NotAnId)?))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

random_id! {
    /// One entry, on every device and for ever.
    EntryId
}
random_id! {
    /// One rule of reminding, on every device and for ever.
    RuleId
}
random_id! {
    /// One device of the person: the first 128 bits of the hash of its three public keys (ingle-core, `keys`), so that no device can
    /// claim the id of another. Never used again.
    DeviceId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_from_its_own_text_in_either_case() {
        let id = EntryId::from_bytes(*b"0123456789abcdef");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
        assert_eq!(id.to_string().len(), 26);
    }

    #[test]
    fn text_of_another_length_or_alphabet_is_no_id() {
        for wrong in ["", "abc", "0189", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ééé"] {
            assert_eq!(wrong.parse::<EntryId>(), Err(NotAnId), "{wrong}");
        }
    }
}
