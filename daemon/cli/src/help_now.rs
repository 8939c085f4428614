//! `ingle help-now`: whom to call. Needs no daemon, key, network or journal, and leaves no trace.

use ingle_api::{Failure, FailureKind};
use ingle_model::help;
use serde_json::json;

use crate::{Context, outcome::Outcome, print};

pub fn print(context: &Context, country: Option<&str>) -> Outcome {
    let country = match country {
        Some(given) => Some(country_code(given).ok_or_else(not_a_country)?),
        None => country_of_locale(),
    };
    if context.print.is_json() {
        let rows = help::rows_for(country.as_deref());
        return print::json(&json!({"country": country, "words": help::PLAIN_WORDS, "rows": rows}));
    }
    print::line(&text(country.as_deref()))
}

/// For the country, else for that of the locale.
pub fn text(country: Option<&str>) -> String {
    let country = country.map(str::to_owned).or_else(country_of_locale).unwrap_or_default();
    let mut lines = vec![help::PLAIN_WORDS.to_owned()];
    let rows = help::rows_for(Some(&country));
    for row in &rows {
        lines.push(String::new());
        lines.push(row.countries.iter().map(|code| place(code)).collect::<Vec<_>>().join(", "));
        if !row.emergency.is_empty() {
            lines.push(format!("  In danger now: {}", row.emergency.join(" or ")));
        }
        lines.extend(row.lines.iter().map(|line| {
            // Some lines are called by their number.
            if line.contact.starts_with(line.name) {
                format!("  {}", line.contact)
            } else {
                format!("  {}: {}", line.name, line.contact)
            }
        }));
        lines.extend(row.checked_on.map(|day| format!("  Checked on {day}")));
    }
    if rows.iter().any(|row| row.checked_on.is_none()) {
        lines.push("\nWhere there is no date, nobody has checked yet that the number is right.".to_owned());
    }
    lines.join("\n")
}

fn place(code: &'static str) -> &'static str {
    match code {
        "EU" => "European Union",
        "any" => "Everywhere",
        code => code,
    }
}

/// By the variables that say which language messages are in, the strongest first.
fn country_of_locale() -> Option<String> {
    ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| country_in_locale(&std::env::var(name).ok()?))
}

/// `de_DE.UTF-8` is `DE`; `C` has no country.
fn country_in_locale(locale: &str) -> Option<String> {
    let (_, rest) = locale.split_once('_')?;
    country_code(rest.split(['.', '@']).next()?)
}

fn country_code(text: &str) -> Option<String> {
    let code = text.trim().to_ascii_uppercase();
    (code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(code)
}

fn not_a_country() -> Failure {
    Failure::new(
        FailureKind::Usage,
        "that is not a country's code",
        "give its two letters, such as DE, or leave --country out",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_country_is_in_the_locale() {
        let check =
            |locale: &str, told: Option<&str>| assert_eq!(country_in_locale(locale).as_deref(), told, "{locale}");
        check("de_DE.UTF-8", Some("DE"));
        check("ca_ES@valencia", Some("ES"));
        check("en_GB", Some("GB"));
        check("C", None);
        check("C.UTF-8", None);
        check("es_419", None);
    }
}
