//! Help in a crisis, as data. It is there without a key, a daemon or a network, and nothing here ever looks at an entry.
//!
//! The numbers were put together from general knowledge. A row gets its `checked_on` only from a person who checked it.

use std::fmt;

use serde::Serialize;

/// What stands on top, one thought a line: call now; danger from someone else; what Ingle is not.
pub const PLAIN_WORDS: &str = "\
If you might come to harm, or might harm yourself, call one of these now. You don't need the right words, and it is never too \
small a reason.
If someone else is a danger to you, the emergency number is for that too. Nothing notes that you opened this.
Ingle is not a treatment. Nobody reads along, and it can't call anyone for you; the people here can listen and help.";

/// Someone who listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Line {
    pub name: &'static str,
    /// Just the number to dial or the address to open, so that it can be copied as it is.
    pub contact: &'static str,
}

/// `Samaritans: 116 123`.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.contact)
    }
}

/// What there is in one country or several.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct HelpRow {
    /// ISO 3166 codes of two capital letters, or [`EU`], or [`ANY`].
    pub countries: &'static [&'static str],
    /// The same for people to read.
    pub name: &'static str,
    /// Any one of these will do. Empty where it differs from country to country.
    pub emergency: &'static [&'static str],
    pub lines: &'static [Line],
    /// The day a person last checked this row, as 2026-11-25. `None`: not yet.
    pub checked_on: Option<&'static str>,
}

/// The code of the row that holds everywhere in the European Union.
pub const EU: &str = "EU";
/// The code of the row that holds everywhere.
pub const ANY: &str = "any";

/// The rows for a country by its two letters in either case: its own first, then the European Union's if it is a member, then
/// the one for everywhere. All rows if no country is given or if it can't be made out: too much is better than nothing here.
pub fn rows_for(country: Option<&str>) -> Vec<&'static HelpRow> {
    let Some(code) = country.and_then(code) else { return ROWS.iter().collect() };
    let in_eu = MEMBERS.contains(&code.as_str());
    let holds = |row: &&HelpRow| {
        row.countries.iter().any(|listed| *listed == code || *listed == ANY || (in_eu && *listed == EU))
    };
    // The table has the countries first, then the union, then everywhere.
    ROWS.iter().filter(holds).collect()
}

fn code(country: &str) -> Option<String> {
    let code = country.trim().to_ascii_uppercase();
    match code.as_str() {
        // Not its code, but what people write.
        "UK" => Some("GB".to_owned()),
        letters if letters.len() == 2 && letters.bytes().all(|b| b.is_ascii_uppercase()) => Some(code),
        _ => None,
    }
}

const MEMBERS: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

const fn line(name: &'static str, contact: &'static str) -> Line {
    Line { name, contact }
}

const fn row(
    countries: &'static [&'static str],
    name: &'static str,
    emergency: &'static [&'static str],
    lines: &'static [Line],
) -> HelpRow {
    HelpRow { countries, name, emergency, lines, checked_on: None }
}

pub static ROWS: &[HelpRow] = &[
    row(&["US", "CA"], "United States, Canada", &["911"], &[line("Listening line, call or text", "988")]),
    row(
        &["GB"],
        "United Kingdom",
        &["999"],
        &[line("Samaritans", "116 123"), line("Shout, text the word SHOUT", "85258")],
    ),
    row(&["IE"], "Ireland", &["112", "999"], &[line("Samaritans", "116 123")]),
    row(
        &["DE"],
        "Germany",
        &["112"],
        &[
            line("TelefonSeelsorge", "0800 111 0 111"),
            line("TelefonSeelsorge", "0800 111 0 222"),
            line("TelefonSeelsorge", "116 123"),
        ],
    ),
    row(&["AT"], "Austria", &["112", "144"], &[line("Telefonseelsorge", "142")]),
    row(&["CH"], "Switzerland", &["112", "144"], &[line("Die Dargebotene Hand", "143")]),
    row(&["FR"], "France", &["112", "15"], &[line("Listening line", "3114")]),
    row(&["NL"], "Netherlands", &["112"], &[line("Listening line", "113"), line("Listening line", "0800-0113")]),
    row(
        &["BE"],
        "Belgium",
        &["112"],
        &[line("Listening line", "1813"), line("Tele-Accueil", "107"), line("Tele-Onthaal", "106")],
    ),
    row(&["ES"], "Spain", &["112"], &[line("Listening line", "024")]),
    row(&["AU"], "Australia", &["000"], &[line("Lifeline", "13 11 14")]),
    row(&["NZ"], "New Zealand", &["111"], &[line("Listening line, call or text", "1737")]),
    row(&["IN"], "India", &["112"], &[line("Tele-MANAS", "14416")]),
    row(
        &[EU],
        "Everywhere in the European Union",
        &["112"],
        &[line("Listening line, in countries that have it", "116 123")],
    ),
    row(
        &[ANY],
        "Anywhere",
        &[],
        &[line("Directory of listening lines", "findahelpline.com"), line("Befrienders", "befrienders.org")],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_own_country_comes_first_and_everywhere_last() {
        let check = |country: Option<&str>, told: &[&str]| {
            let first: Vec<&str> = rows_for(country).iter().map(|row| row.countries[0]).collect();
            assert_eq!(first, told, "{country:?}");
        };
        check(Some("DE"), &["DE", "EU", "any"]);
        check(Some(" de "), &["DE", "EU", "any"]);
        check(Some("PL"), &["EU", "any"]);
        check(Some("EU"), &["EU", "any"]);
        check(Some("CA"), &["US", "any"]);
        check(Some("GB"), &["GB", "any"]);
        check(Some("uk"), &["GB", "any"]);
        check(Some("CH"), &["CH", "any"]);
        check(Some("BR"), &["any"]);
    }

    #[test]
    fn without_a_country_every_row_is_shown() {
        for country in [None, Some(""), Some("C"), Some("Germany"), Some("419"), Some("ß")] {
            assert_eq!(rows_for(country).len(), ROWS.len(), "{country:?}");
        }
    }

    #[test]
    fn there_is_somebody_to_turn_to_for_every_country_code() {
        for first in 'A'..='Z' {
            for second in 'A'..='Z' {
                let country = format!("{first}{second}");
                assert!(rows_for(Some(&country)).iter().any(|row| !row.lines.is_empty()), "{country}");
            }
        }
    }

    #[test]
    fn no_row_claims_to_be_checked() {
        assert!(ROWS.iter().all(|row| row.checked_on.is_none()));
    }

    #[test]
    fn every_country_is_in_one_row_and_the_wider_rows_end_the_table() {
        let codes: Vec<&str> = ROWS.iter().flat_map(|row| row.countries).copied().collect();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
        assert_eq!(codes[codes.len() - 2..], [EU, ANY]);
        assert!(ROWS.iter().all(|row| !row.name.is_empty() && !row.lines.is_empty()));
        assert!(ROWS.iter().all(|row| row.countries == [ANY] || !row.emergency.is_empty()));
    }

    #[test]
    fn what_is_to_be_dialled_is_a_number_and_nothing_else() {
        let number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || " -".contains(c));
        for row in ROWS {
            assert!(row.emergency.iter().all(|text| number(text)), "{}", row.name);
            let address = |text: &str| row.countries == [ANY] && text.contains('.') && !text.contains(' ');
            assert!(row.lines.iter().all(|line| number(line.contact) || address(line.contact)), "{}", row.name);
        }
    }

    #[test]
    fn the_words_on_top_are_three_quiet_lines() {
        let lines: Vec<&str> = PLAIN_WORDS.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].contains("now") && lines[1].contains("someone else") && lines[2].contains("not a treatment"));
        assert!(lines.iter().all(|line| line.ends_with('.') && !line.contains('!') && !line.contains("  ")));
    }
}
