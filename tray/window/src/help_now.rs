//! "Help now": needs no daemon, key or network, and leaves no record.

use slint::{ComponentHandle, ModelRc, PlatformError, SharedString, VecModel};

use ingle_model::help::{self, HelpRow};

use crate::ui::{HelpCountry, HelpLine, HelpNowWindow};

/// Said first, whatever the country.
const OPENING: [&str; 2] = [
    "If you're not sure that you'll be safe, call now. You don't have to explain it well, or at all.",
    "If someone is a danger to you, the emergency number is for that too. Opening this page is noted nowhere.",
];

/// The locale by which a country is found: `LC_ALL`, else `LC_MESSAGES`, else `LANG`.
pub fn locale() -> String {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    var("LC_ALL").or_else(|| var("LC_MESSAGES")).or_else(|| var("LANG")).unwrap_or_default()
}

/// The two letters of a country in a locale such as `de_AT.UTF-8`.
pub fn country(locale: &str) -> Option<String> {
    let (_, rest) = locale.split_once(['_', '-'])?;
    let letters: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
    (letters.len() == 2).then(|| letters.to_ascii_uppercase())
}

/// The own country's lines, and everybody's.
struct Numbers {
    here: Vec<HelpCountry>,
    all: Vec<HelpCountry>,
}

fn numbers(own: Option<&str>) -> Numbers {
    let shown = |rows: Vec<&'static HelpRow>| rows.into_iter().map(shown_country).collect::<Vec<_>>();
    Numbers { here: shown(help::rows_for(own)), all: shown(help::rows_for(None)) }
}

fn shown_country(row: &'static HelpRow) -> HelpCountry {
    let note = match row.checked_on {
        Some(day) => format!("checked on {day}"),
        None => "not yet checked".to_owned(),
    };
    let shown =
        |name: &str, contact: &str| HelpLine { name: name.into(), contact: contact.into(), note: note.as_str().into() };
    let emergency = row.emergency.iter().map(|number| shown("In danger now", number));
    let lines = emergency.chain(row.lines.iter().map(|line| shown(line.name, line.contact))).collect::<Vec<_>>();
    HelpCountry { country: row.name.into(), lines: ModelRc::new(VecModel::from(lines)) }
}

pub fn open(locale: &str) -> Result<HelpNowWindow, PlatformError> {
    let ui = HelpNowWindow::new()?;
    let Numbers { here, all } = numbers(country(locale).as_deref());
    ui.set_opening(ModelRc::new(VecModel::from(OPENING.map(SharedString::from).to_vec())));
    ui.set_here(ModelRc::new(VecModel::from(here)));
    ui.set_all(ModelRc::new(VecModel::from(all)));
    let weak = ui.as_weak();
    ui.on_leave(move || {
        if let Some(ui) = weak.upgrade() {
            // Hiding a window that is hidden already is no matter.
            ui.hide().ok();
        }
    });
    Ok(ui)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_names_its_country() {
        let check = |locale: &str, told: Option<&str>| assert_eq!(country(locale).as_deref(), told, "{locale}");
        check("de_AT.UTF-8", Some("AT"));
        check("en_us", Some("US"));
        check("pt-BR", Some("BR"));
        check("C.UTF-8", None);
        check("de", None);
        check("", None);
    }
}
